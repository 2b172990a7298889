"""Dataclasses of vigie.article to JSON text and back."""

from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

Record = TypeVar("Record")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def to_json(record: object) -> str:
    """A record as JSON text, the same bytes for the same record."""
    return _adapter(type(record)).dump_json(record).decode()


def from_json(kind: type[Record], text: str) -> Record:
    """The record of that kind; raises pydantic.ValidationError on text that is none."""
    record: Record = _adapter(kind).validate_json(text)
    return record
