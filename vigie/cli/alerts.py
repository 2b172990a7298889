"""vigie alerts"""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import click

from vigie.cli._index import Day, open_index
from vigie.cli._options import check_known, with_format, with_settings
from vigie.cli._output import note, print_rows, print_table
from vigie.errors import Exit, VigieError
from vigie.settings import Settings

if TYPE_CHECKING:
    from digest.alerts import Alert
    from vigie.archive import Archive, Delivery

_COLUMNS = ("at", "search", "kind", "day", "headline", "text", "query", "key")


@click.command(
    epilog="""\b
Examples:
  vigie alerts                                check all saved searches, and list what was ever told of them
  vigie alerts --search data --since 2025-01-27
  vigie alerts --send                         check, list what is new, and send what has not gone out: what the daemon does
  vigie alerts --send --out /srv/www          write the feed alerts.atom there
\b
Saved searches, their recipients and webhooks stand in the watch: [[searches]].
"""
)
@click.option("--search", "search_id", metavar="ID", help="Only this saved search.")
@click.option("--since", type=Day(), metavar="DATE", help="List what was found on this day or later.")
@click.option("--send", "sending", is_flag=True, help="Send what has not gone out, write the feed, and list what is new.")
@click.option("--out", metavar="DIR|URL", help="Where alerts.atom is written to; default: the data folder.")
@with_settings
@with_format
def command(settings: Settings, search_id: str | None, since: date | None, sending: bool, out: str | None, output: str) -> int:
    """Tell of bursts, turns of the stance and silent sources in the saved searches.

    Checks now, keeps what is new, and lists the alerts, the newest first; with --send, those that are new. Each is told once, and
    goes once to each recipient and webhook. Ends with 3 when there is none (and none was sent), with 4 when a search could not be
    checked or a sending failed (it is tried again later).
    """
    watch = settings.watch
    check_known("saved search", search_id, [search.id for search in watch.searches])
    archive = settings.existing_archive()
    new, whole = _check(settings, archive, search_id)
    sent = _send(settings, archive, search_id) if sending else []
    if sending or out:
        _write_feed(settings, archive, out)
    if sending:
        found = new
    else:
        for alert in new:
            note(f"new: {_headline(alert)}")
        found = _kept(archive, search_id, datetime.combine(since, time.min, watch.zone).timestamp() if since else None)
    if output == "table":
        if found:
            print_table([[one.day, one.kind, _headline(one), _text(one)] for one in found], ["day", "kind", "", ""])
    else:
        print_rows([_record(one) for one in found], _COLUMNS, output)
    if not watch.searches:
        note("The watch has no saved search: add [[searches]] to it (docs/watch.md).")
    elif not found:
        note("There is no new alert." if sending else "There is no alert.")
    if not whole or any(one.state != "sent" for one in sent):
        return Exit.PARTLY_DONE
    return Exit.DONE if found or sent else Exit.NOTHING_FOUND


def _check(settings: Settings, archive: "Archive", search_id: str | None) -> "tuple[list[Alert], bool]":
    """Check the saved searches: what is new, and whether all of them could be checked."""
    from digest.alerts import check

    new: list[Alert] = []
    whole = True
    engine = open_index(settings)
    for search in settings.watch.searches:
        if search_id in (None, search.id):
            try:
                new += check(archive, engine, settings.watch, search)
            except VigieError as error:
                note(str(error))
                whole = False
    return new, whole


def _send(settings: Settings, archive: "Archive", search_id: str | None) -> "list[Delivery]":
    """Send what is due, and say how each sending ended."""
    from digest.alerts import send

    tried = send(archive, settings.watch, search=search_id)
    for one in tried:
        how = one.state + (f" ({one.detail})" if one.detail else "")
        note(f"{one.what.removeprefix('alert:')} {one.period} to {one.shown_recipient}: {how}")
    return tried


def _write_feed(settings: Settings, archive: "Archive", out: str | None) -> None:
    from digest.alerts import to_atom
    from digest.delivery import Store

    feed = to_atom(settings.watch, _kept(archive, None, None))
    Store(out or settings.data).write("alerts.atom", lambda file: _write(file, feed))


def _write(file: Any, text: str) -> None:
    file.write(text.encode())


def _kept(archive: "Archive", search_id: str | None, since: float | None) -> "list[Alert]":
    from digest.alerts import from_record

    with archive.read() as tx:
        return [from_record(one) for one in tx.alerts.kept(search=search_id, since=since)]


def _headline(alert: "Alert") -> str:
    from digest.alerts import headline

    return headline(alert)


def _text(alert: "Alert") -> str:
    from digest.alerts import sentences

    return " ".join(sentences(alert))


def _record(alert: "Alert") -> dict[str, Any]:
    return {**alert.as_dict(), "headline": _headline(alert), "text": _text(alert)}
