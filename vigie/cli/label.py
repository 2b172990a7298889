"""vigie label"""

import click

from vigie.cli._jsonl import run_jsonl
from vigie.cli._options import with_settings
from vigie.settings import Settings


@click.command(
    epilog="""\b
Example:
  echo '{"title": "…", "text": "…", "subject": "DeepSeek"}' | vigie label --watch watches/deepseek.toml --jsonl -
"""
)
@click.option(
    "--jsonl", "file", required=True, metavar="FILE", help="Lines of {title, text, subject, language?}; - is standard input."
)
@with_settings
def command(settings: Settings, file: str) -> int:
    """Label texts: one JSON object a line in, one a line out, with language, topics, stances and the overall stance.

    The subject may be any name; topics are those of the watch. overall is supportive, neutral, critical, unsure, or none where
    the text names the subject only in passing. What the archive of the data folder has learnt (vigie learn) is used.
    """
    watch = settings.watch
    from nlp.reader import Reader, label_record, reader_of

    reader = reader_of(settings.open_archive(), watch) if settings.has_archive else Reader(watch)
    return run_jsonl(file, lambda record: label_record(reader, record))
