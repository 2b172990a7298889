"""The watch file: subjects, topics, sources, languages and time zone, checked key by key.

The file is TOML. Every error names the file, the line, the key and the mend; unknown keys are errors.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, ValidationError, model_validator

from vigie._tables import HttpUrl, Id, LanguageCode, Table, TimeZoneName
from vigie.errors import UsageError
from vigie.routine import Daemon, Edition, Mail, Retention, Search

SourceKind = Literal["tech", "business", "general", "agency"]


class Subject(Table):
    """What is monitored, with every spelling under which the press names it."""

    id: Id
    name: str = Field(min_length=1)
    kind: Literal["organisation", "person", "product", "place", "theme"] = "organisation"
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The name and all aliases."""
        return (self.name, *self.aliases)


class NamedEntity(Table):
    """Somebody or something that the press names in several ways, and that counts as one."""

    name: str = Field(min_length=1)
    kind: Literal["person", "organisation", "place", "product", "other"] = "organisation"
    aliases: tuple[str, ...] = Field(min_length=1)

    @property
    def names(self) -> tuple[str, ...]:
        """The name and all aliases."""
        return (self.name, *self.aliases)


class Topic(Table):
    """A question that the watch follows; label, description and examples by language drive the classifier."""

    id: Id
    label: dict[LanguageCode, str] = Field(min_length=1)
    description: dict[LanguageCode, str] = Field(min_length=1)
    examples: dict[LanguageCode, tuple[str, ...]] = Field(default_factory=dict)

    def label_in(self, language: str) -> str:
        """The label in a language, or in the first one given."""
        return self.label.get(language) or next(iter(self.label.values()))


class Source(Table):
    """An outlet and where its coverage can be found."""

    id: Id
    name: str = Field(min_length=1)
    home: HttpUrl
    feeds: tuple[HttpUrl, ...] = ()
    sitemaps: tuple[HttpUrl, ...] = ()
    sections: tuple[HttpUrl, ...] = ()
    language: LanguageCode
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    kind: SourceKind = "tech"
    owner: str = ""
    checked: bool = False

    @model_validator(mode="after")
    def _has_an_entrance(self) -> "Source":
        if not (self.feeds or self.sitemaps or self.sections):
            raise ValueError("a source needs at least one of feeds, sitemaps or sections")
        return self


class Crawl(Table):
    """How politely and how far to crawl. Durations are in seconds, sizes in bytes."""

    user_agent: str = "Vigie/0.1 (press monitoring; set [crawl] contact)"
    contact: str = ""
    delay: float = Field(default=1.0, ge=0, le=300)
    concurrency_per_host: int = Field(default=2, ge=1, le=16)
    concurrency: int = Field(default=16, ge=1, le=256)
    timeout: float = Field(default=30, gt=0, le=600)
    deadline: float = Field(default=3600, gt=0)
    max_page_bytes: int = Field(default=8 * 1024 * 1024, ge=1024)
    max_age_days: int = Field(default=90, ge=1)
    allow_hosts: tuple[str, ...] = ()
    robots: bool = True


class Models(Table):
    """Which models read the articles; names are those of ``vigie doctor`` or of a sentence-transformers hub model."""

    embedding: str = "e5-small"
    stance: str = "e5-small"
    batch: int = Field(default=32, ge=1, le=1024)


class Watch(Table):
    """A whole watch file."""

    name: Id
    title: str = ""
    timezone: TimeZoneName = "Europe/Paris"
    languages: tuple[LanguageCode, ...] = Field(default=("fr", "en"), min_length=1)
    subjects: tuple[Subject, ...] = Field(min_length=1)
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

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "Watch":
        for table, rows in (
            ("subjects", self.subjects),
            ("topics", self.topics),
            ("sources", self.sources),
            ("editions", self.editions),
            ("searches", self.searches),
        ):
            seen: set[str] = set()
            for row in rows:
                if row.id in seen:
                    raise ValueError(f'the id "{row.id}" stands twice in [[{table}]]')
                seen.add(row.id)
        return self

    @model_validator(mode="after")
    def _mail_has_a_server(self) -> "Watch":
        for table, rows in (("editions", self.editions), ("searches", self.searches)):
            for row in rows:
                if row.recipients and self.mail is None:
                    raise ValueError(
                        f'[[{table}]] "{row.id}" has recipients, and there is no [mail] with the host and sender to use'
                    )
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Watch":
        owners: dict[str, str] = {}
        for entity in self.entities:
            for name in dict.fromkeys(name.casefold() for name in entity.names):
                if owners.setdefault(name, entity.name) != entity.name:
                    raise ValueError(
                        f'"{name}" stands for "{owners[name]}" and for "{entity.name}" in [[entities]]; leave it in one'
                    )
        return self

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


def load_watch(path: Path) -> Watch:
    """Read and check a watch file; raises UsageError naming file, line, key and mend."""
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
        return Watch.model_validate(tables)
    except ValidationError as error:
        # A row that is refused makes its table too short as well: only the cause is told.
        places = [problem["loc"] for problem in error.errors()]
        problems = [
            problem
            for problem in error.errors()
            if not any(len(place) > len(problem["loc"]) and place[: len(problem["loc"])] == problem["loc"] for place in places)
        ]
        lines = [_explain(path, text, tables, problem) for problem in problems]
        raise UsageError("\n".join(lines)) from None


def _explain(path: Path, text: str, tables: dict[str, Any], problem: Any) -> str:
    """One line for one pydantic error: ``file:line: where: what (mend)``."""
    location = tuple(part for part in problem["loc"])
    line = _line_of(text, location)
    where = _spell(tables, location)
    if problem["type"] == "extra_forbidden":
        known = _known_keys(location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, 1)
        mend = f'did you mean "{near[0]}"?' if near else f"known keys: {', '.join(known)}"
        return f"{path}:{line}: unknown key {where}; {mend}"
    if problem["type"] == "missing":
        return f"{path}:{line}: {where} is missing; add it"
    message = problem["msg"].removeprefix("Value error, ")
    given = "" if isinstance(problem["input"], dict | BaseModel) else f" (it is {problem['input']!r})"
    return f"{path}:{line}: {where or 'the watch'}: {message}{given}"


def _known_keys(location: Sequence[str | int]) -> list[str]:
    tables: dict[str, type[BaseModel]] = {
        "subjects": Subject, "topics": Topic, "sources": Source, "entities": NamedEntity, "crawl": Crawl, "models": Models,
        "editions": Edition, "searches": Search, "mail": Mail, "retention": Retention, "daemon": Daemon,
    }  # fmt: skip
    model = tables.get(str(location[0]), Watch) if location else Watch
    return list(model.model_fields)


def _spell(tables: dict[str, Any], location: Sequence[str | int]) -> str:
    """``sources[3].feedz`` as ``"feedz" in [[sources]] "numerama"``."""
    if not location:
        return ""
    if len(location) == 1:
        return f'"{location[0]}"'
    table, key = str(location[0]), ".".join(str(part) for part in location[1:])
    if isinstance(location[1], int):
        key = ".".join(str(part) for part in location[2:])
        rows = tables.get(table)
        row = rows[location[1]] if isinstance(rows, list) else {}
        named = (
            row.get("id", row.get("name", f"number {location[1] + 1}")) if isinstance(row, dict) else f"number {location[1] + 1}"
        )
        return f'"{key}" in [[{table}]] "{named}"' if key else f'[[{table}]] "{named}"'
    return f'"{key}" in [{table}]'


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


def _line_of(text: str, location: Sequence[str | int]) -> int:
    """The line where the key at location stands, or the nearest table header above it."""
    best, best_depth = 1, 0
    for number, table, line in _headers(text):
        key = re.match(r"\s*\"?([\w-]+)\"?\s*=", line)
        path = (*table, key[1]) if key else table
        depth = len(path) if tuple(location[: len(path)]) == path else 0
        if depth > best_depth:
            best, best_depth = number, depth
    return best
