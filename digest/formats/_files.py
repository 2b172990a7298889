"""The files of each format: how they are called, and what writes them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from digest.formats.tables import ARTICLES, TRENDS, article_rows, trend_rows, write_csv, write_parquet
from digest.model import Digest
from digest.render import to_html, to_json, to_markdown
from vigie.archive import KeptDigest
from vigie.watch import Watch

# The edition of a watch that names none; its files are called after the watch alone.
DEFAULT_EDITION = "default"


@dataclass(frozen=True)
class Beside:
    """What some formats need beside the digest: the watch, the week's search results, and the digests kept of the edition."""

    watch: Watch
    articles: Callable[[], Iterable[Mapping[str, Any]]]
    kept: Sequence[KeptDigest] = ()


@dataclass(frozen=True)
class File:
    """A file: its name, and what writes it."""

    name: str
    write: Callable[[BinaryIO], object]


def files(digest: Digest, format: str, beside: Beside) -> Iterator[File]:
    """The files of a digest in a format: one, but two tables."""
    yield from FORMATS[format](digest, beside)


def stem(digest: Digest) -> str:
    """How the files of an edition begin."""
    return digest.watch if digest.edition == DEFAULT_EDITION else f"{digest.watch}-{digest.edition}"


def _file(digest: Digest, end: str, make: Callable[[], bytes | str]) -> File:
    def write(out: BinaryIO) -> None:
        made = make()
        out.write(made.encode() if isinstance(made, str) else made)

    return File(f"{stem(digest)}-{digest.week}{end}", write)


def _html(digest: Digest, _: Beside) -> Iterator[File]:
    yield _file(digest, ".html", partial(to_html, digest))


def _markdown(digest: Digest, _: Beside) -> Iterator[File]:
    yield _file(digest, ".md", partial(to_markdown, digest))


def _json(digest: Digest, _: Beside) -> Iterator[File]:
    yield _file(digest, ".json", partial(to_json, digest))


def _eml(digest: Digest, beside: Beside) -> Iterator[File]:
    from digest.formats.eml import to_eml

    yield _file(digest, ".eml", partial(to_eml, digest, beside.watch.mail))


def _pdf(digest: Digest, _: Beside) -> Iterator[File]:
    from digest.formats.pdf import to_pdf

    yield _file(digest, ".pdf", partial(to_pdf, digest))


def _atom(digest: Digest, beside: Beside) -> Iterator[File]:
    """One file for all weeks of the edition: readers of feeds ask for the same address again."""
    from digest.formats.atom import to_atom

    made = _file(digest, ".atom", partial(to_atom, digest, beside.kept))
    yield File(f"{stem(digest)}.atom", made.write)


def _tables(digest: Digest, beside: Beside, *, write: Callable[..., None], end: str) -> Iterator[File]:
    def articles(out: BinaryIO) -> None:
        write(article_rows(beside.articles(), beside.watch, digest.subject_id), ARTICLES, out)

    yield File(f"{stem(digest)}-{digest.week}-articles.{end}", articles)
    yield File(f"{stem(digest)}-{digest.week}-trends.{end}", lambda out: write(trend_rows(digest), TRENDS, out))


FORMATS: Mapping[str, Callable[[Digest, Beside], Iterator[File]]] = {
    "html": _html,
    "eml": _eml,
    "pdf": _pdf,
    "md": _markdown,
    "json": _json,
    "csv": partial(_tables, write=write_csv, end="csv"),
    "parquet": partial(_tables, write=write_parquet, end="parquet"),
    "atom": _atom,
}
