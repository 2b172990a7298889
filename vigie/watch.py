"""The watch file: subjects, topics, sources, languages and time zone, checked key by key.

The file is TOML. Every error names the file, the line, the key and the mend; unknown keys are errors.
"""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, field

from vigie._tables import CountryCode, Fault, Faults, Filled, HttpUrl, Id, LanguageCode, Place, Table, TimeZoneName
from vigie.errors import UsageError
from vigie.routine import Daemon, Edition, Mail, Retention, Search

SourceKind = Literal["tech", "business", "general", "agency"]
# What is wrong with a query on a watch; empty where nothing is.
QueryFault = Callable[["Watch", str], str]


class Subject(Table):
    """What is monitored, with every spelling under which the press names it."""

    id: Id
    name: Filled
    kind: Literal["organisation", "person", "product", "place", "theme"] = "organisation"
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The name and all aliases."""
        return (self.name, *self.aliases)


class NamedEntity(Table, kw_only=True):
    """Somebody or something that the press names in several ways, and that counts as one."""

    name: Filled
    kind: Literal["person", "organisation", "place", "product", "other"] = "organisation"
    aliases: Annotated[tuple[str, ...], Meta(min_length=1)]

    @property
    def names(self) -> tuple[str, ...]:
        """The name and all aliases."""
        return (self.name, *self.aliases)


class Topic(Table):
    """A question that the watch follows; label, description and examples by language drive the classifier."""

    id: Id
    label: Annotated[dict[LanguageCode, str], Meta(min_length=1)]
    description: Annotated[dict[LanguageCode, str], Meta(min_length=1)]
    examples: dict[LanguageCode, tuple[str, ...]] = field(default_factory=dict)

    def label_in(self, language: str) -> str:
        """The label in a language, or in the first one given."""
        return self.label.get(language) or next(iter(self.label.values()))


class Source(Table, kw_only=True):
    """An outlet and where its coverage can be found."""

    id: Id
    name: Filled
    home: HttpUrl
    feeds: tuple[HttpUrl, ...] = ()
    sitemaps: tuple[HttpUrl, ...] = ()
    sections: tuple[HttpUrl, ...] = ()
    language: LanguageCode
    country: CountryCode
    kind: SourceKind = "tech"
    owner: str = ""
    checked: bool = False

    def faults(self) -> Iterator[Fault]:
        """A source without an entrance."""
        if not (self.feeds or self.sitemaps or self.sections):
            yield Fault((), ": a source needs at least one of feeds, sitemaps or sections")


class Crawl(Table):
    """How politely and how far to crawl. Durations are in seconds, sizes in bytes."""

    user_agent: str = "Vigie/0.1 (press monitoring; set [crawl] contact)"
    contact: str = ""
    delay: Annotated[float, Meta(ge=0, le=300)] = 1.0
    concurrency_per_host: Annotated[int, Meta(ge=1, le=16)] = 2
    concurrency: Annotated[int, Meta(ge=1, le=256)] = 16
    timeout: Annotated[float, Meta(gt=0, le=600)] = 30
    deadline: Annotated[float, Meta(gt=0)] = 3600
    max_page_bytes: Annotated[int, Meta(ge=1024)] = 8 * 1024 * 1024
    max_age_days: Annotated[int, Meta(ge=1)] = 90
    allow_hosts: tuple[str, ...] = ()
    robots: bool = True


class Models(Table):
    """Which models read the articles; names are those of ``vigie doctor`` or of a sentence-transformers hub model."""

    embedding: str = "e5-small"
    stance: str = "e5-small"
    batch: Annotated[int, Meta(ge=1, le=1024)] = 32


class Watch(Table, kw_only=True):
    """A whole watch file."""

    name: Id
    title: str = ""
    timezone: TimeZoneName = "Europe/Paris"
    languages: Annotated[tuple[LanguageCode, ...], Meta(min_length=1)] = ("fr", "en")
    subjects: Annotated[tuple[Subject, ...], Meta(min_length=1)]
    topics: tuple[Topic, ...] = ()
    sources: tuple[Source, ...] = ()
    entities: tuple[NamedEntity, ...] = ()
    crawl: Crawl = Crawl()
    models: Models = Models()
    editions: tuple[Edition, ...] = ()
    searches: tuple[Search, ...] = ()
    mail: Mail | None = None
    retention: Retention = Retention()
    daemon: Daemon = Daemon()

    def faults(self) -> Iterator[Fault]:
        """Ids that stand twice, unknown subjects, recipients whom no mail can reach, and names that stand for two."""
        yield from self._repeated_ids()
        yield from self._unknown_subjects()
        yield from self._mail_without_a_server()
        yield from self._shared_names()

    def _repeated_ids(self) -> Iterator[Fault]:
        for table in ("subjects", "topics", "sources", "editions", "searches"):
            seen: set[str] = set()
            for number, row in enumerate(getattr(self, table)):
                if row.id in seen:
                    yield Fault((table, number, "id"), f': the id "{row.id}" stands twice in [[{table}]]')
                seen.add(row.id)

    def _unknown_subjects(self) -> Iterator[Fault]:
        known = [subject.id for subject in self.subjects]
        for number, edition in enumerate(self.editions):
            if edition.subject is not None and edition.subject not in known:
                near = difflib.get_close_matches(edition.subject, known, 1)
                mend = f'did you mean "{near[0]}"?' if near else f"known subjects: {', '.join(known)}"
                yield Fault(("editions", number, "subject"), f': no subject "{edition.subject}"; {mend}')

    def _mail_without_a_server(self) -> Iterator[Fault]:
        for table in ("editions", "searches"):
            for number, row in enumerate(getattr(self, table)):
                if row.recipients and self.mail is None:
                    yield Fault((table, number, "recipients"), ": there is no [mail] with the host and sender to use")

    def _shared_names(self) -> Iterator[Fault]:
        owners: dict[str, str] = {}
        for number, entity in enumerate(self.entities):
            for name in dict.fromkeys(name.casefold() for name in entity.names):
                if owners.setdefault(name, entity.name) != entity.name:
                    both = f'"{name}" stands for "{owners[name]}" and for "{entity.name}" in [[entities]]'
                    yield Fault(("entities", number), f": {both}; leave it in one")

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which days, weeks and months are counted."""
        return ZoneInfo(self.timezone)

    def source(self, source_id: str) -> Source:
        """The source of that id; raises UsageError with the nearest id otherwise."""
        for source in self.sources:
            if source.id == source_id:
                return source
        near = difflib.get_close_matches(source_id, [source.id for source in self.sources], 1)
        raise UsageError(
            f'no source "{source_id}" in watch "{self.name}"',
            mend=f'did you mean "{near[0]}"?' if near else "vigie sources lists them",
        )


def load_watch(path: Path, *, query_fault: QueryFault = lambda _watch, _query: "") -> Watch:
    """Read and check a watch file; raises UsageError naming file, line, key and mend.

    query_fault: checks the queries of saved searches as well. The index knows how (index.query_parser.fault_of).
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(
            f"{path}: no such watch file", mend="name one with --watch FILE or VIGIE_WATCH; watches/deepseek.toml is an example"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as UTF-8 text: {error}") from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{path}: not valid TOML: {error}", mend="mend the line that is named, then: vigie config check"
        ) from None
    try:
        watch = Watch.of(tables)
        _check_queries(watch, query_fault)
        return watch
    except Faults as error:
        told = sorted((_line_of(text, place), f"{lead}{_spell(tables, place)}{says}") for place, says, lead in error.faults)
        raise UsageError("\n".join(f"{path}:{line}: {fault}" for line, fault in told)) from None


def _check_queries(watch: Watch, query_fault: QueryFault) -> None:
    """Raises Faults with the saved searches whose queries cannot be read."""
    told = [(number, query_fault(watch, search.query)) for number, search in enumerate(watch.searches)]
    if faults := [Fault(("searches", number, "query"), f": {says}") for number, says in told if says]:
        raise Faults(faults)


def _spell(tables: dict[str, Any], location: Place) -> str:
    """``sources[3].feedz`` as ``"feedz" in [[sources]] "numerama"``."""
    if len(location) == 1:
        return f'"{location[0]}"'
    table, key = str(location[0]), ".".join(str(part) for part in location[1:])
    if not isinstance(location[1], int):
        return f'"{key}" in [{table}]'
    row = tables[table][location[1]]
    if not isinstance(row, dict):
        return f'"{table}.{key}"'
    key = ".".join(str(part) for part in location[2:])
    named = row.get("id", row.get("name", f"number {location[1] + 1}"))
    return f'"{key}" in [[{table}]] "{named}"' if key else f'[[{table}]] "{named}"'


def _headers(text: str) -> Iterator[tuple[int, tuple[str | int, ...], str]]:
    """Each line of a TOML text with the table it stands in: (line number, table path, line)."""
    counts: dict[str, int] = {}
    table: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[\[\s*([\w-]+)\s*\]\]", line):
            name = match[1]
            counts[name] = counts.get(name, -1) + 1
            table = (name, counts[name])
        elif match := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            first, *rest = match[1].split(".")
            table = (first, counts[first], *rest) if first in counts else (first, *rest)
        yield number, table, line


def _line_of(text: str, location: Place) -> int:
    """The line where the key at location stands, or the nearest table header above it."""
    best, best_depth = 1, 0
    for number, table, line in _headers(text):
        key = re.match(r"\s*\"?([\w-]+)\"?\s*=", line)
        path = (*table, key[1]) if key else table
        depth = len(path) if tuple(location[: len(path)]) == path else 0
        if depth > best_depth:
            best, best_depth = number, depth
    return best
