"""Dataclasses of vigie.article to JSON text and back."""

from typing import Any, TypeVar

from pydantic import TypeAdapter

Record = TypeVar("Record")

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def to_json(record: object) -> str:
    """A record as JSON text, the same bytes for the same record."""
    return _adapter(type(record)).dump_json(record).decode()


def from_json(kind: type[Record], text: str) -> Record:
    """The record of that kind; raises pydantic.ValidationError on text that is none."""
    record: Record = _adapter(kind).validate_json(text)
    return record
