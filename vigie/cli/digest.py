"""vigie digest"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, get_args

import click

from vigie import clock
from vigie.cli._index import Week, last_whole_week, open_index
from vigie.cli._options import with_settings
from vigie.cli._output import note, progress_bar
from vigie.errors import Exit, UsageError
from vigie.routine import DigestFormat, Edition
from vigie.settings import Settings

if TYPE_CHECKING:
    from digest.formats import Beside
    from digest.model import Digest
    from vigie.archive import Archive, Delivery

_FORMATS = get_args(DigestFormat)


class _Address(click.ParamType[str]):
    """An e-mail address."""

    name = "address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from vigie.routine import check_mail_address

        try:
            check_mail_address(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return value


@click.command(
    epilog="""\b
Examples:
  vigie digest                                             the last whole week as a page, in the data folder
  vigie digest --week 2025-W05 --format html --format pdf --out weekly/
  vigie digest --edition direction --out s3://bucket/press   into an object store
  vigie digest --edition direction --deliver               to its recipients and its out, each once
  vigie digest --edition direction --week 2025-W05 --to desk@example.org --resend
"""
)
@click.option("--edition", "edition_id", metavar="ID", help="The edition of the watch; default: the first.")
@click.option("--week", type=Week(), metavar="WEEK", help="The ISO week; default: the last whole week.")
@click.option(
    "--format",
    "formats",
    type=click.Choice(_FORMATS),
    multiple=True,
    help="May be given several times; default: those of the edition.",
)
@click.option(
    "--out", metavar="DIR|URL", help="A folder or an object store (s3://bucket/prefix); default: digests in the data folder."
)
@click.option("--deliver", is_flag=True, help="Send it to the edition's recipients, and write it to the edition's out as well.")
@click.option("--to", "addresses", type=_Address(), multiple=True, metavar="ADDRESS", help="Send it to this address instead.")
@click.option("--resend", is_flag=True, help="Send it again to those who may have it already.")
@with_settings
def command(
    settings: Settings,
    edition_id: str | None,
    week: date | None,
    formats: tuple[str, ...],
    out: str | None,
    deliver: bool,
    addresses: tuple[str, ...],
    resend: bool,
) -> int:
    """Make the digest of a week: write it, keep it, and send it. The same index gives the same bytes.

    Prints the files written, and how each sending ended. A digest made anew from other articles is the next version of its week.
    A week is sent to a recipient once; what was refused for now is tried again by the next run. One that is not over can be
    written, and is neither kept nor sent. Ends with 3 when the week has no article on the subject (the digest says so), with 4
    when it did not reach every recipient, or nobody knows whether it did.
    """
    edition = _edition(settings, edition_id)
    monday = week or last_whole_week(settings)
    so_far = _not_over(settings, monday)
    recipients = tuple(dict.fromkeys(addresses or (edition.recipients if deliver or resend else ())))
    if recipients and settings.watch.mail is None:
        raise UsageError(
            "the watch has no mail server to send with",
            mend="add [mail] with host and sender to it (docs/watch.md), or leave --to away",
        )
    if so_far and (recipients or deliver):
        raise UsageError(
            f"{so_far}; a week is sent once, and only when it is whole",
            mend="leave --deliver, --to and --resend away to see what is known so far",
        )
    archive = settings.existing_archive()
    if so_far:
        note(f"{so_far}; this is what is known so far, and is not kept")
    places = (out,) if out else tuple(filter(None, (str(settings.data / "digests"), edition.out if deliver else "")))
    digest = _make(settings, archive, edition, monday, formats or edition.formats, places, keeping=not so_far)
    code = Exit.DONE if digest.articles.value else Exit.NOTHING_FOUND
    if recipients and not _send(settings, archive, digest, recipients, again=resend):
        return Exit.PARTLY_DONE
    return code


def _edition(settings: Settings, wanted: str | None) -> Edition:
    """The edition of that id; the first where none is named, and one of its own in a watch that has none."""
    from digest.formats import DEFAULT_EDITION
    from vigie.cli._options import check_known

    editions = settings.watch.editions or (Edition(id=DEFAULT_EDITION),)
    check_known("edition", wanted, [one.id for one in editions])
    return next(one for one in editions if wanted in (None, one.id))


def _not_over(settings: Settings, monday: date) -> str:
    """What is to be said of a week that is not over, in the watch's zone; raises UsageError where it has not begun."""
    from index import calendar

    name, zone = calendar.label(calendar.day_number(monday), "week"), settings.watch.timezone
    today = clock.now().astimezone(settings.watch.zone).date()
    if today < monday:
        raise UsageError(f"{name} has not begun: it begins on {monday} ({zone})", mend="name a week that has begun with --week")
    sunday = monday + timedelta(days=6)
    return f"{name} is not over: it ends with {sunday} ({zone})" if today <= sunday else ""


def _make(
    settings: Settings,
    archive: "Archive",
    edition: Edition,
    monday: date,
    formats: Sequence[str],
    places: Sequence[str],
    *,
    keeping: bool,
) -> "Digest":
    """Make the digest and write it, and say where: also of the files that were written before something went wrong."""
    formats = tuple(dict.fromkeys(formats))
    written: list[str] = []
    try:
        with progress_bar("Making the digest", 1 + len(formats) * len(places)) as progress:
            digest, beside = _made(settings, archive, edition, monday, keeping=keeping)
            progress()
            for files in _write(digest, formats, places, beside):
                written += files
                progress()
    finally:
        for file in written:
            click.echo(file)
    return digest


def _made(settings: Settings, archive: "Archive", edition: Edition, monday: date, *, keeping: bool) -> "tuple[Digest, Beside]":
    """The digest, kept in the archive under its version where it is to be; and what its formats need beside it."""
    from digest.build import build_digest
    from digest.formats import Beside
    from digest.keep import WEEKS, keep
    from digest.record import Record
    from index.query_parser import parse
    from index.vocabulary import Vocabulary

    engine, watch = open_index(settings), settings.watch
    with archive.read() as tx:
        waiting = tx.changes.unindexed(engine.name)
        built = build_digest(engine, watch, edition, monday, record=Record(tx, engine.name))
        before = tx.digests.weeks(edition.id, limit=WEEKS)
    digest, kept = keep(archive, built) if keeping else (built, before)
    if waiting:
        note(f"{waiting} changes of the archive are not indexed yet and not in this digest: vigie index")
    query = parse(digest.articles.query, Vocabulary.of(watch))
    return digest, Beside(watch, lambda: engine.export(query), kept)


def _write(digest: "Digest", formats: Sequence[str], places: Sequence[str], beside: "Beside") -> Iterator[list[str]]:
    """Write each format to each place; where its files are."""
    from digest.delivery import Store
    from digest.formats import files

    for place in places:
        store = Store(place)
        for name in formats:
            yield [store.write(file.name, file.write) for file in files(digest, name, beside)]


def _send(settings: Settings, archive: "Archive", digest: "Digest", recipients: Sequence[str], *, again: bool) -> bool:
    """Send to each recipient who has not got it, and say how far it has come; whether it has reached all of them."""
    from digest.delivery import Mailer, Post, deliver
    from digest.formats.eml import Letter

    mail = settings.watch.mail
    if mail is None:  # said before
        return False
    what = f"digest:{digest.edition}"
    with archive.read() as tx:
        before = tx.deliveries.of(what, digest.week)
    with Mailer(mail) as mailer:
        letter = Letter(digest, mail)
        posts = [Post(recipient, letter.to(recipient)) for recipient in recipients]
        ended = deliver(archive, mailer, what, digest.week, posts, again=again)
    for one in ended:
        click.echo(f"{one.recipient}: {_how_far(one, before.get(one.recipient), settings)}")
        if one.state != "sent":
            note(f"{one.recipient}: {_mend(one, digest)}")
    return all(one.state == "sent" for one in ended)


def _how_far(one: "Delivery", before: "Delivery | None", settings: Settings) -> str:
    """How a sending ended, or that nothing went out since it was sent before."""
    if one.state == "sent":
        at = datetime.fromtimestamp(one.at, settings.watch.zone)
        return f"already sent on {at:%Y-%m-%d %H:%M}" if one == before else "sent"
    return one.state + (f" ({one.detail})" if one.detail else "")


def _mend(one: "Delivery", digest: "Digest") -> str:
    again = f"vigie digest --edition {digest.edition} --week {digest.week} --to {one.recipient}"
    return {
        "sending": f"it may have arrived: ask, and send it again if not: {again} --resend",
        "refused": f"it is tried again by the next run with --deliver, or now: {again}",
        "rejected": f"mend the address in the edition's recipients, or what the server says; then: {again} --resend",
    }[one.state]
