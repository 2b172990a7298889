"""vigie doctor"""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

import click

from vigie.cli._options import with_format, with_settings
from vigie.cli._output import print_rows
from vigie.errors import Exit, VigieError
from vigie.settings import Settings

if TYPE_CHECKING:
    from vigie.watch import Watch

LITTLE_SPACE = 1024**3
_MARKS = {"good": "✓", "note": "·", "bad": "✗"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at. state: good, note (works, with a cost that is said) or bad (mend it)."""

    what: str
    state: Literal["good", "note", "bad"]
    says: str


@click.command(epilog="\b\nExample:\n  vigie doctor --watch watches/deepseek.toml")
@with_settings
@with_format
def command(settings: Settings, output: str) -> int:
    """Say what is in use, what it costs in quality, how far each step has come, and what is amiss (then it ends with 1)."""
    findings = [*_watch(settings), *_models(settings), *_archive(settings), *_index(settings), _disk(settings)]
    if output == "table":
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            click.echo(f"{_MARKS[finding.state]} {finding.what:<{width}}  {finding.says}")
    else:
        rows = [{"what": finding.what, "state": finding.state, "says": finding.says} for finding in findings]
        print_rows(rows, ["what", "state", "says"], output)
    return Exit.ERROR if any(finding.state == "bad" for finding in findings) else Exit.DONE


def _watch(settings: Settings) -> list[Finding]:
    try:
        watch = settings.watch
    except VigieError as error:
        return [Finding("watch", "bad", str(error))]
    unchecked = sum(not source.checked for source in watch.sources)
    findings = [Finding("watch", "good", f"{settings.watch_file}: {len(watch.sources)} sources, {len(watch.topics)} topics")]
    if unchecked:
        findings.append(Finding("sources", "note", f"{unchecked} are unchecked: vigie sources check"))
    if not watch.crawl.contact:
        findings.append(Finding("contact", "note", "[crawl] contact is empty: say who crawls, so that a publisher can ask"))
    return findings


def _models(settings: Settings) -> list[Finding]:
    from nlp.document import model_of
    from nlp.models import PACKAGED

    try:
        watch = settings.watch
    except VigieError:
        return []
    name = watch.models.embedding
    findings = [_embedding(name), *_learnt(settings, watch)]
    findings += [
        Finding("also there", "good", f"embedding {other}, from {packaged.package} {packaged.version}: {packaged.says}")
        for other, packaged in PACKAGED.items()
        if other != name and packaged.version
    ]
    for language in watch.languages:
        if package := model_of(language):
            findings.append(Finding(f"entities {language}", "good", f"{package} {version(package.replace('_', '-'))}"))
        else:
            findings.append(
                Finding(
                    f"entities {language}",
                    "note",
                    "by rules: known names, and runs of capitals without kinds; a lone name at a sentence start is missed",
                )
            )
    return findings


def _embedding(name: str) -> Finding:
    from nlp.models import PACKAGED

    packaged = PACKAGED.get(name)
    if packaged is None:
        return Finding(
            "embedding", "note", f"{name}: not packaged: a folder, or a hub model in the local cache; topics are uncalibrated"
        )
    if packaged.version is None:
        return Finding("embedding", "bad", f"{name}: the package {packaged.package} is missing: make run")
    return Finding("embedding", "good", f"{name}, from {packaged.package} {packaged.version}: {packaged.says}")


def _learnt(settings: Settings, watch: "Watch") -> list[Finding]:
    """Whether a stance model that is shipped without a head has learnt one, and what was learnt and does not fit any more."""
    from nlp.learnt import load_learnt, outdated
    from nlp.stance.reading import SHIPPED

    name, head, unused = watch.models.stance, None, list[str]()
    # An archive that cannot be read is a finding of its own.
    with suppress(VigieError):
        if settings.has_archive:
            with settings.open_archive().read() as tx:
                head, unused = load_learnt(tx, watch).stance, outdated(tx, watch)
    findings = [
        Finding("learnt", "note", f"{one}: on weights of another version, so it is not used: vigie learn") for one in unused
    ]
    if name != SHIPPED and head:
        findings.append(Finding("stance", "good", f"{name}, with a head that vigie learn has trained"))
    elif name != SHIPPED:
        findings.append(Finding("stance", "note", f"{name}: uncalibrated until vigie learn --model {name}"))
    return findings


def _archive(settings: Settings) -> list[Finding]:
    if not settings.has_archive:
        return [Finding("archive", "note", f"{settings.data}: nothing there yet: vigie crawl")]
    try:
        archive = settings.open_archive()
        with archive.read() as tx:
            sizes, articles, read = tx.frontier.sizes(), tx.articles.count(), tx.labels.count()
            waiting, quarantined, failing = tx.to_read.waiting(), tx.quarantine.count(), tx.frontier.failing_listings()
    except VigieError as error:
        return [Finding("archive", "bad", str(error))]
    known = ", ".join(f"{count} {kind}s" for kind, count in sorted(sizes.items()))
    findings = [
        Finding("archive", "good", f"{archive.place}: {articles} articles; addresses known: {known or 'none'}"),
        Finding(
            "reading", "note" if waiting else "good", f"{read} read, {waiting} waiting" + (": vigie read" if waiting else "")
        ),
    ]
    if failing:
        findings.append(
            Finding(
                "listings", "bad", f"{len(failing)} cannot be read, among them {failing[0][0]}: {failing[0][1]} ({failing[0][2]})"
            )
        )
    if quarantined:
        findings.append(Finding("quarantine", "note", f"{quarantined} things: vigie quarantine"))
    return findings


def _index(settings: Settings) -> list[Finding]:
    from vigie.cli._index import open_index

    waiting = ""
    try:
        engine = open_index(settings)
        archive = settings.open_archive()
        with archive.read() as tx:
            waiting = f"; {tx.changes.unindexed_by_any(engine.family)} changes wait for it"
            every = tx.changes.last()
        size, name = engine.size, engine.name
        with archive.read() as tx:
            lag = tx.changes.unindexed(name)
    except VigieError as error:
        said = str(error).replace("\n ", ";")
        if "there is no index yet" in error.message:
            return [Finding("index", "note", f"{said}; {every} changes wait for it")]
        return [Finding("index", "bad", said + waiting)]
    behind = f"{size} articles, {lag} changes behind" + (": vigie index" if lag else "")
    return [Finding("index", "note" if lag else "good", f"{engine.place}: {behind}")]


def _disk(settings: Settings) -> Finding:
    folder = settings.data if settings.data.exists() else settings.data.absolute().parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return Finding("disk", "good" if free > LITTLE_SPACE else "bad", f"{free / 1024**3:.1f} GiB free at {folder}")
