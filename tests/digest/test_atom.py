"""The feed and the JSON: valid, stable, and read back."""

import json
from dataclasses import replace

import feedparser
import jsonschema
import pytest
from defusedxml.ElementTree import fromstring

from digest.formats.atom import WEEKS, to_atom
from digest.formats.schema import PUBLISHED, read_digest, schema, schema_text
from digest.model import Digest, Part, Sentence
from digest.render import to_json
from tests.digest.conftest import Told
from vigie.archive import KeptDigest

HOSTILE = '<script>alert("x")</script> & ]]>\x0b'
AT = 1738569600.0  # 2025-02-03T08:00:00Z


def kept(digest: Digest, *, at: float = AT) -> KeptDigest:
    return KeptDigest(digest.edition, digest.week, digest.version, digest.watermark, at, "", to_json(digest))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_digest_is_valid_by_the_published_schema(told: Told, language: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    validator = jsonschema.Draft202012Validator(schema())
    digest = told.digest(language=language)
    validator.validate(json.loads(to_json(digest)))
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(json.loads(to_json(digest)) | {"more": 1})


def test_the_published_schema_is_in_step_with_the_object() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text(), "write it anew: python -m digest.formats.schema"


def test_every_part_of_the_schema_says_what_it_is() -> None:
    assert [name for name, table in schema()["$defs"].items() if not table["description"]] == []


def test_a_digest_reads_back_as_it_was(digest: Digest) -> None:
    assert read_digest(to_json(digest)) == digest
    assert read_digest(to_json(replace(digest, form=99))) is None
    assert read_digest('{"form": 1}') is None


def test_a_feed_has_an_entry_a_week(digest: Digest) -> None:
    weeks = [replace(digest, week=f"2025-W{n:02}") for n in range(40, 0, -1)]
    feed = feedparser.parse(to_atom(digest, [kept(week, at=AT + n) for n, week in enumerate(reversed(weeks))][::-1]))
    assert (feed.bozo, feed.version) == (False, "atom10")
    assert len(feed.entries) == WEEKS
    assert len({entry.id for entry in feed.entries} | {feed.feed.id}) == WEEKS + 1
    assert all(entry.id.startswith("urn:uuid:") for entry in feed.entries)
    assert feed.feed.title == digest.title
    assert feed.feed.updated == max(entry.updated for entry in feed.entries)
    assert str(digest.summary[0]) in feed.entries[0].summary
    assert digest.top_stories[1].url in feed.entries[0].content[0].value


def test_a_later_version_updates_the_entry(digest: Digest) -> None:
    first = feedparser.parse(to_atom(digest, [kept(digest)]))
    second = feedparser.parse(to_atom(digest, [kept(replace(digest, version=2), at=AT + 3600)]))
    assert first.entries[0].id == second.entries[0].id
    assert first.entries[0].updated < second.entries[0].updated
    other = feedparser.parse(to_atom(digest, [kept(replace(digest, edition="other"))]))
    assert other.entries[0].id != first.entries[0].id


def test_a_feed_has_what_rfc_4287_asks_for(digest: Digest) -> None:
    root = fromstring(to_atom(digest, [kept(digest)]).encode())
    atom = "{http://www.w3.org/2005/Atom}"
    for part in (root, root.find(f"{atom}entry")):
        assert part is not None
        for name in ("id", "title", "updated"):
            (found,) = part.findall(f"{atom}{name}")
            assert found.text
    assert root.find(f"{atom}author/{atom}name") is not None


def test_hostile_words_are_text_in_a_feed(digest: Digest) -> None:
    story = replace(digest.top_stories[0], title=HOSTILE, url="javascript:alert(1)")
    hostile = replace(digest, title=HOSTILE, summary=(Sentence((Part(HOSTILE, ""),)),), top_stories=(story,))
    made = to_atom(hostile, [kept(hostile)])
    root = fromstring(made.encode())
    content = root.find(".//{http://www.w3.org/2005/Atom}content")
    assert content is not None
    assert content.text is not None
    assert "<script" not in content.text
    assert "javascript:" not in content.text
    assert "&lt;script&gt;" in content.text


def test_the_same_digests_are_the_same_feed(digest: Digest) -> None:
    assert to_atom(digest, [kept(digest)]) == to_atom(digest, [kept(digest)])


def test_a_feed_without_digests_is_valid(digest: Digest) -> None:
    assert feedparser.parse(to_atom(digest, [])).bozo is False
