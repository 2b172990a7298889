"""vigie extract"""

import click

from vigie.cli._jsonl import run_jsonl


@click.command(
    epilog="""\b
Example:
  echo '{"path": "page.html", "url": "https://example.org/a"}' | vigie extract --jsonl -
"""
)
@click.option("--jsonl", "file", required=True, metavar="FILE", help="Lines of {html | path, url}; - is standard input.")
def command(file: str) -> int:
    """Read articles out of pages: one JSON object a line in, one a line out, with title, text, authors, published, language …"""
    from crawlers.extract import extract_record

    return run_jsonl(file, extract_record)
