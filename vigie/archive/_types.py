"""The column types of the archive, so that the same tables hold the same things in the same order on every database."""

from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

# Wide enough for billions of rows. SQLite's own row number is an INTEGER, which has 64 bits there.
Number = BigInteger().with_variant(Integer, "sqlite")


class _Plain(TypeDecorator[str]):
    """Text without NUL characters, which PostgreSQL refuses: they are taken out here, for every table at once.

    On PostgreSQL it is compared byte by byte, as SQLite does it, whatever the language of the database.
    """

    impl = String

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text(collation="C") if dialect.name == "postgresql" else self.impl_instance)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's signature
        return value if value is None else value.replace("\0", "")


class Word(_Plain):
    """A name, an address or a key."""

    cache_ok = True


class LongText(_Plain):
    """Text of any length."""

    impl = Text
    cache_ok = True
