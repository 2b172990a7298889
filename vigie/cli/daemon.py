"""vigie daemon"""

import sys

import click

from vigie.cli._options import with_settings
from vigie.settings import Settings


@click.command(
    epilog="""\b
Examples:
  vigie daemon --watch watches/deepseek.toml --data ~/deepseek
  vigie daemon --log-format json 2>> vigie.log
  kill -HUP PID     read the watch again;  kill PID     end within 30 s
"""
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default=None,
    help="How to log, on the error stream; default: text on a terminal, json otherwise.",
)
@with_settings
def command(settings: Settings, log_format: str | None) -> int:
    """Keep doing everything: crawl by each source's rhythm, read and index behind it, make the digests of the editions, send
    alerts, and once a day upkeep.

    What is done stands in the archive, so that it may be ended or killed at any moment: weeks that were missed are made up one by
    one. One daemon works on a data folder. SIGHUP reads the watch again and keeps the old one where the new is bad.
    """
    from scheduler.daemon import Daemon
    from scheduler.logs import open_log

    log = open_log("json" if (log_format or ("text" if sys.stderr.isatty() else "json")) == "json" else "text")
    return Daemon(settings, log).run()
