"""Articles and labels to JSON text and back."""

from typing import Any, TypeVar

from msgspec import json

from vigie.article import Article, Labels

Record = TypeVar("Record", Article, Labels)

_DECODERS: dict[type, json.Decoder[Any]] = {kind: json.Decoder(kind) for kind in (Article, Labels)}


def to_json(record: Article | Labels) -> str:
    """A record as JSON text, the same bytes for the same record."""
    return json.encode(record).decode()


def from_json(kind: type[Record], text: str) -> Record:
    """The record of that kind; raises ValueError on text that is none."""
    record: Record = _DECODERS[kind].decode(text)
    return record
