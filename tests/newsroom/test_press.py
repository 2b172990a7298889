"""The newsroom: wide enough to be an example, with the faults that it promises, and its reference labels hidden."""

import re
from collections import Counter
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest

from newsroom.press import OUTLETS, load_press
from newsroom.server import END, Newsroom

PRESS = load_press()


def test_it_is_as_wide_as_promised() -> None:
    pieces = list(PRESS)
    assert len(OUTLETS) >= 8
    assert {outlet.language for outlet in OUTLETS} == {"fr", "en", "de", "es", "it"}
    assert len(pieces) >= 100
    assert max(p.published for p in pieces) - min(p.published for p in pieces) > timedelta(weeks=7)
    assert sum(bool(p.reprint_of) for p in pieces) >= 5
    assert sum(bool(p.edits) for p in pieces) >= 5
    assert any(p.paywalled for p in pieces)
    stances = Counter(p.reference.overall for p in pieces)
    assert min(stances[stance] for stance in ("supportive", "neutral", "critical", "none")) >= 10


@pytest.mark.parametrize("piece", [p for p in PRESS if not p.reprint_of], ids=lambda p: f"{p.outlet.id}/{p.slug}")
def test_articles_are_of_the_promised_length_and_labelled_by_the_rules(piece) -> None:  # type: ignore[no-untyped-def]
    words = re.findall(r"\w+", " ".join(piece.paragraphs))
    assert 120 <= len(words) <= 400
    assert piece.reference.overall in {"supportive", "neutral", "critical", "none"}
    assert set(piece.reference.topics) <= {"performance", "data", "gpus"}
    assert set(piece.reference.topics.values()) <= {"supportive", "neutral", "critical", "none"}
    for edit in piece.edits:
        assert edit.at > piece.published
        assert not edit.replace or any(edit.replace in paragraph for paragraph in piece.paragraphs)


def test_no_sentence_stands_twice_but_in_reprints() -> None:
    seen: dict[str, str] = {}
    for piece in PRESS:
        if piece.reprint_of:
            continue
        for paragraph in piece.paragraphs:
            if len(paragraph) > 60:
                assert paragraph not in seen, f"{piece.slug} repeats {seen[paragraph]}"
                seen[paragraph] = piece.slug


def fetch(url: str, **headers: str) -> tuple[int, bytes, str]:
    with urlopen(Request(url, headers=headers)) as response:
        return response.status, response.read(), response.headers.get("ETag", "")


def test_pages_show_the_article_and_never_its_reference_labels() -> None:
    with Newsroom(port=0) as newsroom:
        for outlet in OUTLETS:
            piece = PRESS.published(outlet, END)[0]
            _, body, _ = fetch(newsroom.base(outlet) + piece.path)
            text = body.decode(outlet.encoding)
            assert piece.title.split("«")[0].split("'")[0].split("&")[0][:20] in text
            assert "reference" not in text
            if piece.reference.story:
                assert piece.reference.story not in text.replace(piece.slug, "")


def test_time_passes() -> None:
    edited = next(piece for piece in PRESS if piece.edits)
    with Newsroom(port=0, clock=edited.published) as newsroom:
        url = newsroom.base(edited.outlet) + edited.path
        _, first, etag = fetch(url)
        newsroom.clock = edited.edits[-1].at
        status, second, _ = fetch(url, **{"If-None-Match": etag})
        assert status == 200
        assert first != second
        newsroom.clock = edited.published - timedelta(seconds=1)
        with pytest.raises(OSError, match="404"):
            fetch(url)
