"""HTML, Markdown and JSON from the one object: the same bytes each time, hostile text escaped, headlines in their language."""

import hashlib
import html
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import fields, is_dataclass, replace
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest

from digest.charts import stance_png, stance_svg
from digest.formats.atom import to_atom
from digest.formats.eml import to_eml
from digest.model import Digest, Part, Quote, Sentence
from digest.render import RENDERERS, Searches, to_html, to_json, to_markdown
from digest.words import words
from tests.digest.conftest import HOSTILE, MONDAY, Told
from vigie.archive import KeptDigest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["en", "fr"])
def edition(told: Told, request: pytest.FixtureRequest) -> Digest:
    return told.digest(language=request.param)


def hostile(digest: Digest) -> Digest:
    """The digest with an attack in every text of the press."""
    quote = Quote(HOSTILE, "direct", HOSTILE, "en", "javascript:alert(1)", HOSTILE)
    stories = tuple(
        replace(story, title=HOSTILE, url="javascript:alert(1)", authors=(HOSTILE,), source=HOSTILE, quotes=(quote,))
        for story in digest.top_stories
    )
    return replace(
        digest,
        title=HOSTILE,
        subject=HOSTILE,
        summary=(Sentence((Part(HOSTILE, ""),)),),
        top_stories=stories,
        topics=tuple(
            replace(
                topic,
                label=HOSTILE,
                stories=stories,
                voices=tuple(replace(voice, evidence=HOSTILE, title=HOSTILE, url="data:text/html,x") for voice in topic.voices),
            )
            for topic in digest.topics
        ),
        rising=tuple(replace(term, term=HOSTILE, query=f'term:"{HOSTILE}"') for term in digest.rising),
        speakers=tuple(replace(speaker, name=HOSTILE, example=quote, query=HOSTILE) for speaker in digest.speakers),
        late=tuple(replace(one, title=HOSTILE, url="vbscript:x", source=HOSTILE) for one in digest.late),
        sources=tuple(replace(source, name=HOSTILE) for source in digest.sources),
    )


class Page(HTMLParser):
    """What a browser makes of a page: its elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "path", "circle", "rect", "line"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "circle", "rect", "line"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize("search_base", ["", "https://vigie.example/search?q=", "javascript:alert(1)//"])
def test_hostile_text_stays_text_in_the_page(edition: Digest, search_base: str) -> None:
    page = Page(to_html(hostile(edition), search_base=search_base))
    assert page.open == []
    assert page.of("script") == []
    assert HOSTILE in page.text
    for tag, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes), tag
        for name in ("href", "src"):
            assert re.match(r"https?://|#", attributes.get(name) or "#"), attributes


def test_hostile_text_stays_text_in_markdown(edition: Digest) -> None:
    text = to_markdown(hostile(edition))
    bare = re.sub(r"^\[\^\d+\]: `.*`$", "", text, flags=re.MULTILINE)  # inside of code nothing is markup
    assert "<script" not in re.sub(r"\\<", "", bare)
    assert not re.search(r"(?<!\\)\]\((?!https?://)", bare)
    assert r"\[click\]" in bare
    assert all(re.fullmatch(r"\[\^\d+\]: `[^`]*`", line) for line in text.splitlines() if line.startswith("[^"))


def test_the_page_stands_alone(edition: Digest) -> None:
    page = Page(to_html(edition))
    assert {tag for tag, _ in page.elements} & {"script", "link", "img", "iframe", "object", "base", "form"} == set()
    assert "url(" not in to_html(edition).split("</style>")[0]
    assert "@import" not in to_html(edition)


def test_headlines_and_quotes_keep_their_language(edition: Digest) -> None:
    text = to_html(edition)
    page = Page(text)
    assert page.of("html")[0]["lang"] == edition.language
    for story in edition.top_stories:
        assert re.search(
            rf'<h\d class="headline" lang="{story.language}">\s*<a [^>]*>{re.escape(html.escape(story.title))}', text_of(text)
        )
        for quote in story.quotes:
            assert f'<p lang="{quote.language}">' in text
    assert {story.language for story in edition.top_stories} - {edition.language}


def text_of(page: str) -> str:
    return page.replace("&#39;", "&#x27;").replace("&#34;", "&quot;")


def test_every_number_leads_to_its_search(edition: Digest) -> None:
    page = Page(to_html(edition))
    anchors = {attributes.get("id") for _, attributes in page.elements}
    numbers = [link for link in page.of("a") if link.get("class") == "n"]
    assert len(numbers) > 60
    assert all((link["href"] or "")[1:] in anchors and (link["title"] or "").startswith("vigie search ") for link in numbers)
    linked = Page(to_html(edition, search_base="https://vigie.example/search?q="))
    targets = [link["href"] for link in linked.of("a") if link.get("class") == "n"]
    assert "https://vigie.example/search?q=subject%3Adeepseek+AND+published%3A2025-W05" in targets
    assert len(targets) == len(numbers)
    assert all((target or "").startswith("https://vigie.example/search?q=") for target in targets)
    footnotes = to_markdown(edition)
    used, given = set(re.findall(r"\[\^(\d+)\](?!:)", footnotes)), set(re.findall(r"^\[\^(\d+)\]:", footnotes, re.MULTILINE))
    assert used == given
    assert used


def test_searches_are_numbered_once() -> None:
    searches = Searches()
    assert [searches.link(query) for query in ("a", "b", "a")] == ["#s1", "#s2", "#s1"]
    assert searches.listed == [(1, "a"), (2, "b")]
    assert Searches("ftp://x/").link("a") == "#s1"


def test_the_page_can_be_read_without_eyes_and_without_colour(edition: Digest) -> None:
    page = Page(to_html(edition))
    assert [tag for tag, _ in page.elements if tag in ("header", "main", "footer")] == ["header", "main", "footer"]
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels)), levels
    assert all(cell.get("scope") in ("col", "row") for cell in page.of("th"))
    drawings = page.of("svg")
    assert len(drawings) == 2 * (1 + len(edition.topics))
    assert all(drawing["role"] == "img" and len(drawing["aria-label"] or "") > 20 for drawing in drawings)
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for one in edition.stances:
        name = words(edition.language).stance(one.stance, one.count)
        assert re.search(rf"{one.count}\s*{name}", page.text)


def test_texts_have_contrast() -> None:
    style = (ROOT / "digest" / "templates" / "digest.html").read_text(encoding="utf-8")
    for block in re.findall(r":root \{([^}]*)\}", style):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", block))
        for ink in ("ink", "soft", "accent"):
            for paper in ("paper", "tint"):
                assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)  # WCAG 2.2, 1.4.3


def contrast(one: str, other: str) -> float:
    """The ratio of relative luminances, as WCAG defines it."""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_an_empty_week_says_why(told: Told) -> None:
    for language, sentence in (
        ("en", "No article of this week has been collected and read."),
        ("fr", "Aucun article de cette semaine n’a été collecté et lu."),
    ):
        empty = told.digest(date(2025, 6, 2), language=language)
        page = to_html(empty)
        assert Page(page).text.count(sentence) == 3 + len(empty.topics)
        assert "<svg" not in page
        assert sentence in to_markdown(empty)
        assert not re.search(r"\bnan\b|\bNone\b(?! waits)|–%", Page(page).text)


def without_the_press(value: Any) -> Any:
    """A digest without what the press writes in its own way, whatever the edition."""
    if isinstance(value, tuple):
        return tuple(map(without_the_press, value))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    made = {field.name: without_the_press(getattr(value, field.name)) for field in fields(value)}
    foreign = {"title", "evidence", "text"} & made.keys() if not isinstance(value, Digest | Part) else ()
    return replace(value, **{**made, **dict.fromkeys(foreign, "mot")})


def test_french_is_set_as_french_is(told: Told) -> None:
    digest = without_the_press(told.digest(language="fr"))
    page = Page(to_html(digest)).text
    letter = cast(EmailMessage, message_from_bytes(to_eml(digest), policy=default))
    of_mail = [part.get_content() for part in letter.walk() if part.get_content_maintype() == "text"]
    feed = to_atom(digest, [KeptDigest("weekly", digest.week, 1, 0, 0, "", to_json(digest))])
    footnotes = re.compile(r"^\[\^\d+\]: .*$", re.MULTILINE)
    marks = re.compile(r'<style>.*?</style>|<[^>]*?(?:(?:alt|aria-label)="([^"]*)"[^>]*)?>', re.DOTALL)
    shown = [html.unescape(marks.sub(r"\1", text)) for text in (to_html(digest), of_mail[1], html.unescape(feed))]
    for text in (*shown, footnotes.sub("", to_markdown(digest)), of_mail[0]):
        assert "mot" in text
        # Searches and addresses have no space after their colons.
        assert re.findall(r".{9}(?<![\u00a0\u202f])[;:!?](?=\s).{9}|.{9}[^\u202f]»|«[^\u202f].{9}|\w'\w.{9}", text) == []
    assert "Les affaires qui comptent" in page
    assert "lundi 27 janvier 2025 à 0\u00a0h au dimanche 2 février 2025 à 24\u00a0h" in page
    assert "1er févr." in page


@pytest.mark.parametrize("language", ["en", "fr"])
def test_weeks_of_which_nothing_was_collected_are_told_apart_from_nought(told: Told, language: str) -> None:
    digest = told.digest(language=language)
    say = words(language)
    weeks = digest.articles.weeks_before
    assert 1 < weeks < 4
    mean = {"en": f"mean of {weeks} weeks: ", "fr": f"moyenne de {weeks} semaines\u00a0: "}[language]
    mean += say.number(digest.articles.mean_before or 0)
    nothing = {"en": "W50, W51, W52 and W1: nothing was collected.", "fr": "S50, S51, S52 et S1\u00a0: rien n’a été collecté."}[
        language
    ]
    assert digest.weekly[0].values[0] is None
    page = Page(to_html(digest))
    assert mean in page.text
    assert all(nothing in (image["aria-label"] or "") for image in page.of("svg") if "S51" in (image["aria-label"] or ""))
    markdown = to_markdown(digest, search_base="https://vigie.example/search?q=")
    assert {"en": f"| mean of {weeks} weeks |", "fr": f"| moyenne de {weeks} semaines |"}[language] in markdown
    assert markdown.count(f"\n| {nothing[:3]} | – | – | – | – |\n") == 1 + sum(bool(one.articles.value) for one in digest.topics)
    last = [f"[{one.values[-1]}](https://vigie.example/search?q=" for one in digest.weekly if one.values[-1]]
    (row,) = re.findall(rf"^\| {say.week_label(digest.week)} \|.*$", markdown.partition("## ")[0], re.MULTILINE)
    assert all(one in row for one in last)


def test_json_is_the_whole_object(digest: Digest) -> None:
    assert json.loads(to_json(digest)) == json.loads(json.dumps(digest.as_dict()))


def test_another_process_with_another_hash_seed_gives_the_same_bytes(told: Told) -> None:
    code = (
        "import sys, hashlib\nfrom datetime import date\nfrom pathlib import Path\n"
        "from digest.build import build_digest\nfrom digest.record import Record\nfrom digest.render import RENDERERS\n"
        "from index.embedded import EmbeddedIndex\nfrom vigie.archive import Archive\nfrom vigie.routine import Edition\n"
        "from vigie.watch import load_watch\n"
        "folder = Path(sys.argv[1])\nwatch = load_watch(folder / 'watch.toml')\nengine = EmbeddedIndex(folder / 'index', watch)\n"
        "with Archive.open(folder).read() as tx:\n"
        "    for language in ('en', 'fr'):\n"
        "        edition = Edition(id='weekly', language=language)\n"
        f"        digest = build_digest(engine, watch, edition, date({MONDAY:%Y, %-m, %-d}), record=Record(tx, engine.name))\n"
        "        for name, render in RENDERERS.items():\n"
        "            print(language, name, hashlib.sha256(render(digest).encode()).hexdigest())\n"
    )
    told_by = [
        subprocess.run(
            [sys.executable, "-c", code, str(told.folder)],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "4242")
    ]
    here = "".join(
        f"{language} {name} {hashlib.sha256(render(told.digest(language=language)).encode()).hexdigest()}\n"
        for language in ("en", "fr")
        for name, render in RENDERERS.items()
    )
    assert told_by == [here, here]


def test_charts_say_their_numbers_and_escape(digest: Digest) -> None:
    svg = stance_svg(words("fr"), digest.weeks, digest.weekly, title=HOSTILE)
    assert "<script" not in svg
    label = re.search(r'aria-label="([^"]*)"', svg)
    assert label is not None
    last = [f"{series.values[-1]} {words('fr').stance(series.name, series.values[-1])}" for series in digest.weekly]
    assert html.unescape(label[1]).endswith(f"S5\u00a0: {last[0]}, {last[1]}, {last[2]} et {last[3]}.")
    assert ">favorable<" in svg
    png = stance_png(words("en"), digest.weeks, digest.weekly)
    assert png.startswith(b"\x89PNG")


def test_the_accuracy_told_is_that_of_the_model_card(digest: Digest) -> None:
    card = (ROOT / "docs" / "model_card.md").read_text(encoding="utf-8")
    test_part = (ROOT / "benchmarks" / "press" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    overall, by_topic = re.findall(r"as shown: over all / by topic \|[^|]*\| ([\d.]+) / ([\d.]+) \|", card)[0]
    topics = re.findall(r"topics, macro-F1[^|]*\|[^|]*\| \*\*([\d.]+)\*\*", card)[0]
    rows = tomllib.loads((ROOT / "digest" / "accuracy.toml").read_text(encoding="utf-8"))["labels"]
    assert {row["what"]: row["score"] for row in rows} == {
        "stance over all": float(overall), "stance by topic": float(by_topic), "topics": float(topics)
    }  # fmt: skip
    assert {row["texts"] for row in rows} == {len(test_part)}
    assert [(one.what, one.score) for one in digest.method.accuracy] == [(row["what"], row["score"]) for row in rows]
