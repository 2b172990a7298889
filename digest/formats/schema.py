"""The JSON form of the digest: its schema (JSON Schema 2020-12), and reading it back.

``python -m digest.formats.schema`` writes docs/digest.schema.json; a test keeps the file in step.
"""

import inspect
import json
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from digest import model
from digest.model import FORM, Digest

PUBLISHED = Path(__file__).parents[2] / "docs" / "digest.schema.json"


@cache
def _adapter() -> TypeAdapter[Digest]:
    return TypeAdapter(Digest)


def read_digest(text: str) -> Digest | None:
    """The digest that a JSON text tells; None where it is of another form than this Vigie writes."""
    try:
        digest = _adapter().validate_json(text)
    except ValidationError:
        return None
    return digest if digest.form == FORM else None


def schema() -> dict[str, Any]:
    """The schema of the digest's JSON, with what the classes say of themselves as descriptions."""
    made = _adapter().json_schema(mode="serialization")
    told = {name: inspect.cleandoc(one.__doc__ or "") for name, one in vars(model).items() if is_dataclass(one)}
    for name, table in _objects(made):
        table["additionalProperties"] = False
        table["required"] = list(table["properties"])
        table["description"] = told[name]
    made["properties"]["form"]["const"] = FORM
    for name, table in _objects(made):
        del name
        if "stance" in table["properties"]:
            table["properties"]["stance"]["enum"] = list(model.STANCES)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:vigie:digest:{FORM}", **made}


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def _objects(made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield made["title"], made
    yield from made["$defs"].items()


if __name__ == "__main__":
    PUBLISHED.write_text(schema_text(), encoding="utf-8")
