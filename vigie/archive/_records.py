"""Articles and labels to JSON text and back."""

from typing import TypeVar

from msgspec import json

from vigie.article import Article, Labels

Record = TypeVar("Record")


def to_json(record: Article | Labels) -> str:
    """A record as JSON text, the same bytes for the same record."""
    return json.encode(record).decode()


def from_json(kind: type[Record], text: str) -> Record:
    """The record of that kind (or a part of one); raises ValueError on text that is none."""
    return json.decode(text, type=kind)
