"""What the tables of the watch file share: how they are checked, every fault told; ids, addresses, languages and time zones."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Self, Union, dataclass_transform, get_args, get_origin
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Meta, Struct, ValidationError, convert
from msgspec.structs import FieldInfo, fields

Place = tuple[str | int, ...]


class Fault(NamedTuple):
    """What is wrong at a place (keys, and numbers of rows); it is told as ``{lead}{place}{says}``."""

    place: Place
    says: str
    lead: str = ""

    def within(self, place: Place) -> "Fault":
        """The same fault of a table that stands at a place."""
        return self._replace(place=(*place, *self.place))


class Faults(ValueError):
    """All that is wrong with a table."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{lead}{'.'.join(map(str, place))}{says}" for place, says, lead in self.faults))


@dataclass_transform(frozen_default=True)  # the tables inherit that, which msgspec does not tell the type checker
class Table(Struct, frozen=True, omit_defaults=True):
    """A table whose keys are all known.

    What comes from people goes through :meth:`of`, which checks it; the constructor believes what it is given. Written out (by
    msgspec.to_builtins), it is without what is as by default.
    """

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The table of these values; raises Faults with all that is wrong with them."""
        faults: list[Fault] = []
        table: Self | None = _table(cls, values, (), faults)
        if table is None or faults:
            raise Faults(faults)
        return table

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the table though each value is right."""
        yield from ()


def _table(kind: type[Table], values: object, place: Place, faults: list[Fault]) -> Any:
    """The table; None where one of its values is wrong. What is wrong is added to faults."""
    if not isinstance(values, Mapping):
        faults.append(Fault(place, f": must be a table{_given(values)}"))
        return None
    before = len(faults)
    known = _keys(kind)
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            mend = f'did you mean "{near[0]}"?' if near else f"known keys: {', '.join(known)}"
            faults.append(Fault((*place, key), f"; {mend}", "unknown key "))
    for name, field in known.items():
        if field.required and name not in values:
            faults.append(Fault((*place, name), " is missing; add it"))
    read = {name: _value(known[name].type, value, (*place, name), faults) for name, value in values.items() if name in known}
    if len(faults) > before:
        return None
    table = kind(**read)
    faults += [fault.within(place) for fault in table.faults()]
    return table


@cache
def _keys(kind: type[Table]) -> dict[str, FieldInfo]:
    return {field.name: field for field in fields(kind)}


def _value(kind: Any, value: object, place: Place, faults: list[Fault]) -> Any:
    """A value of that kind, looked into piece by piece; what is wrong with it is added to faults."""
    base, *marks = _parts(kind)
    of, parts = get_origin(base), get_args(base)
    if isinstance(base, type) and issubclass(base, Table):
        return _table(base, value, place, faults)
    if of in (Union, UnionType):  # "… | None", which stands in no file, but in tables written by a program
        (some,) = (one for one in parts if one is not NoneType)
        return None if value is None else _value(some, value, place, faults)
    if of is tuple and isinstance(value, list | tuple) and value:
        return tuple(_value(parts[0], one, (*place, number), faults) for number, one in enumerate(value))
    if of is dict and isinstance(value, dict) and value:
        rows = [
            (_value(parts[0], key, (*place, key), faults), _value(parts[1], one, (*place, key), faults))
            for key, one in value.items()
        ]
        return dict(rows)
    try:
        read = convert(value, kind)
        for check in filter(callable, marks):
            check(read)
    except ValidationError:
        faults.append(Fault(place, f": must be {_expected(kind)}{_given(value)}"))
    except ValueError as error:  # of a check: it says what it was given where that helps
        faults.append(Fault(place, f": {error}"))
    else:
        return read
    return None


def _parts(kind: Any) -> tuple[Any, ...]:
    """The bare type and what it is annotated with."""
    return get_args(kind) if get_origin(kind) is Annotated else (kind,)


_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", tuple: "a list", dict: "a table"}


def _expected(kind: Any) -> str:
    """What a value of that kind must be, in words."""
    base, *marks = _parts(kind)
    if get_origin(base) is Literal:
        return f"one of: {', '.join(map(repr, get_args(base)))}"
    meta = next((mark for mark in marks if isinstance(mark, Meta)), Meta())
    if meta.description:
        return meta.description
    bounds = (("at least", meta.ge), ("more than", meta.gt), ("at most", meta.le))
    said = " and ".join(f"{word} {bound}" for word, bound in bounds if bound is not None)
    return _NAMES[get_origin(base) or base] + (f", {said}" if said else "") + (" that is not empty" if meta.min_length else "")


def _given(value: object) -> str:
    return "" if isinstance(value, Mapping) else f" (it is {value!r})"


def _http_url(url: str) -> None:
    if not re.match(r"^https?://[^/\s]+", url):
        raise ValueError(f"{url!r} is not an http(s) address")


def _time_zone(name: str) -> None:
    if not _is_time_zone(name):
        near = difflib.get_close_matches(name, available_timezones(), 1)
        raise ValueError(f"{name!r} is no IANA time zone" + (f"; did you mean {near[0]!r}?" if near else ""))


def _is_time_zone(name: str) -> bool:
    """Whether it is among available_timezones(), which takes long to list: 0.03 s of each command's start."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return not name.startswith(("posix", "right/"))  # not zones but other forms of them, with leap seconds for one


# A kind of value: its type, what msgspec checks of it, and a function that raises ValueError where it has more to say.
_ID = 'an id: small letters, digits, "-" and "_", a letter or digit first, at most 64'
Id = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]*\Z", max_length=64, description=_ID)]
LanguageCode = Annotated[str, Meta(pattern=r"^[a-z]{2,3}\Z", description="a language code of two or three small letters")]
CountryCode = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z", description="a country code of two capital letters")]
Filled = Annotated[str, Meta(min_length=1)]
HttpUrl = Annotated[str, _http_url]
TimeZoneName = Annotated[str, _time_zone]
