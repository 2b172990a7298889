"""Sources as OPML, in and out."""

import tomllib
from pathlib import Path

import pytest

from tests.conftest import Vigie
from vigie.errors import UsageError
from vigie.opml import from_opml, to_toml

OPML = b"""<?xml version="1.0"?><opml version="2.0"><head/><body><outline text="Tech">
<outline type="rss" text="Le Caf\xc3\xa9 &amp; l'IA" xmlUrl="https://cafe.example/rss" htmlUrl="https://cafe.example/" language="fr-FR"/>
<outline type="rss" text="Caf\xc3\xa9 bis" xmlUrl="https://cafe.example/rss2" htmlUrl="https://cafe.example/"/>
<outline type="rss" text="Other" xmlUrl="https://other.example/feed"/>
<outline type="rss" text="Bad" xmlUrl="javascript:alert(1)"/>
</outline></body></opml>"""


def test_feeds_of_one_site_become_one_source() -> None:
    sources = from_opml(OPML, "press.opml", language="en", country="GB")
    assert [(source.id, source.language, len(source.feeds)) for source in sources] == [
        ("le-cafe-l-ia", "fr", 2),
        ("other", "en", 1),
    ]


def test_known_feeds_and_taken_ids_are_respected() -> None:
    (source,) = from_opml(
        OPML, "f", language="en", country="GB", known={"https://cafe.example/rss", "https://cafe.example/rss2"}, taken={"other"}
    )
    assert source.id == "other-2"


@pytest.mark.parametrize("text", [b"", b"<html/>", b"<opml", b'<!DOCTYPE a [<!ENTITY b "c">]><opml>&b;</opml>'])
def test_what_is_no_opml_is_a_usage_error(text: bytes) -> None:
    with pytest.raises(UsageError, match="not an OPML file"):
        from_opml(text, "press.opml", language="en", country="GB")


def test_toml_out_is_a_valid_piece_of_a_watch() -> None:
    rows = tomllib.loads(to_toml(from_opml(OPML, "f", language="en", country="GB")))["sources"]
    assert rows[0]["name"] == "Le Café & l'IA"


def test_export_and_import_meet(vigie: Vigie, tmp_path: Path) -> None:
    vigie.write_watch(
        '[[sources]]\nid = "a"\nname = "A"\nhome = "https://a.example/"\nfeeds = ["https://a.example/f"]\nlanguage = "fr"\ncountry = "FR"\n'
    )
    told = vigie("sources", "export")
    assert told.code == 0
    file = tmp_path / "out.opml"
    file.write_text(told.out, encoding="utf-8")
    assert vigie("sources", "import", str(file)).code == 3
    file.write_bytes(OPML)
    told = vigie("sources", "import", str(file))
    assert told.code == 0
    assert len(tomllib.loads(told.out)["sources"]) == 2
