"""The JSON form of the digest: its schema (JSON Schema 2020-12), and reading it back.

``python -m digest.formats.schema`` writes docs/digest.schema.json; a test keeps the file in step.
"""

import inspect
import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from digest.model import FORM, STANCES, Digest

PUBLISHED = Path(__file__).parents[2] / "docs" / "digest.schema.json"


@cache
def _decoder() -> msgspec.json.Decoder[Digest]:
    return msgspec.json.Decoder(Digest)


def read_digest(text: str) -> Digest | None:
    """The digest that a JSON text tells; None where it is of another form than this Vigie writes."""
    try:
        digest = _decoder().decode(text)
    except msgspec.DecodeError:
        return None
    return digest if digest.form == FORM else None


def schema() -> dict[str, Any]:
    """The schema of the digest's JSON, with what the classes say of themselves as descriptions."""
    made = msgspec.json.schema(Digest)
    for table in made["$defs"].values():
        table["description"] = inspect.cleandoc(table["description"])
        table["required"] = list(table["properties"])
        table["additionalProperties"] = False
        if "stance" in table["properties"]:
            table["properties"]["stance"]["enum"] = list(STANCES)
    made["$defs"]["Digest"]["properties"]["form"]["const"] = FORM
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:vigie:digest:{FORM}", **made}


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    PUBLISHED.write_text(schema_text(), encoding="utf-8")
