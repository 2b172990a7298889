"""The e-mail: small, whole, readable everywhere, and harmless whatever the press writes."""

import io
import re
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast

import pytest
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract
from lxml import html
from msgspec import structs
from PIL import Image, ImageColor

from digest.charts import INK
from digest.formats._cut import ROOMS
from digest.formats._png import small_png
from digest.formats.eml import MOST_BYTES, Letter, to_eml
from digest.model import Digest, Part, Sentence
from digest.render import command
from digest.words import LOCALE_FOLDER, words
from tests.digest.conftest import Told
from vigie.colours import STANCE_COLOURS
from vigie.routine import Mail

MAIL = Mail(host="mail.example.org", sender="press@example.org", sender_name="Veille DeepSeek")
HOSTILE = '"><script>alert(1)</script>\r\nBcc: all@example.org\u202e <img src="https://evil.example/x.png">'


def parsed(digest: Digest, mail: Mail = MAIL, recipient: str = "desk@example.org") -> EmailMessage:
    sent = Letter(digest, mail).to(recipient).as_bytes()
    return cast(EmailMessage, message_from_bytes(sent, policy=default))


def page_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def large(digest: Digest) -> Digest:
    """A week with very much of everything."""
    story = replace(digest.top_stories[0], title="Titre très long " * 300, authors=("Une Personne",) * 40)
    topic = replace(
        next(one for one in digest.topics if one.voices),
        stories=(story,) * 20,
        voices=(replace(next(one for one in digest.topics if one.voices).voices[0], evidence="Une phrase. " * 500),) * 20,
    )
    return replace(
        digest,
        topics=tuple(replace(topic, id=f"topic-{n}", label=f"Thème {n}") for n in range(60)),
        top_stories=(story,) * 40,
        sources=digest.sources * 40,
        late=digest.late * 50,
    )


@pytest.fixture(scope="module")
def french(told: Told) -> Digest:
    return told.digest(language="fr", title="DeepSeek à la une")


def test_the_parts_stand_as_mail_readers_expect_them(digest: Digest) -> None:
    message = parsed(digest)
    assert message.get_content_type() == "multipart/alternative"
    plain, related = message.iter_parts()
    assert (plain.get_content_type(), related.get_content_type()) == ("text/plain", "multipart/related")
    assert [part["Content-Transfer-Encoding"] for part in (plain, next(related.iter_parts()))] == ["quoted-printable"] * 2
    assert max(map(len, message.as_bytes().splitlines())) <= 998


def test_headers_say_what_it_is(french: Digest) -> None:
    message = parsed(french)
    assert message["From"] == "Veille DeepSeek <press@example.org>"
    assert message["To"] == "desk@example.org"
    assert message["Subject"].startswith("DeepSeek à la une – ")
    assert message["Date"].datetime.isoformat() == french.end
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "fr"
    assert message["List-Id"].endswith("<weekly.newsroom.example.org>")
    assert message["List-Unsubscribe"] == "<mailto:press@example.org?subject=unsubscribe%20weekly>"
    assert message["List-Unsubscribe-Post"] is None
    one_click = parsed(french, structs.replace(MAIL, unsubscribe="https://example.org/leave"))
    assert one_click["List-Unsubscribe"] == "<https://example.org/leave>"
    assert one_click["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    raw = Letter(french, MAIL).to("desk@example.org").as_bytes().split(b"\r\n\r\n")[0]
    assert raw.isascii()


def test_the_message_id_is_that_of_the_version_and_the_recipient(digest: Digest) -> None:
    ids = {
        parsed(digest)["Message-ID"],
        parsed(digest, recipient="other@example.org")["Message-ID"],
        parsed(replace(digest, version=2))["Message-ID"],
        parsed(replace(digest, week="2025-W06"))["Message-ID"],
        parsed(replace(digest, edition="other"))["Message-ID"],
    }
    assert len(ids) == 5
    assert all(re.fullmatch(r"<[\w.-]+@example\.org>", one) for one in ids)
    assert parsed(digest)["Message-ID"] in ids


def test_the_same_digest_is_the_same_message(digest: Digest) -> None:
    assert to_eml(digest, MAIL) == to_eml(digest, MAIL)


def test_every_image_is_in_the_message_and_says_what_it_shows(digest: Digest) -> None:
    message = parsed(digest)
    page = html.fromstring(page_of(message))
    images = page.xpath("//img")
    files = {part["Content-ID"][1:-1]: part.get_content() for part in message.walk() if part.get_content_maintype() == "image"}
    assert [image.get("src").removeprefix("cid:") for image in images] == list(files)
    assert len(files) == 1 + sum(bool(topic.articles.value) for topic in digest.topics)
    for image in images:
        assert re.search(r"\d", image.get("alt"))
    for png in files.values():
        assert Image.open(io.BytesIO(png)).width > 1000


def test_charts_keep_their_colours(digest: Digest) -> None:
    weekly = (replace(one, values=(*one.values[:-1], 3 + at)) for at, one in enumerate(digest.weekly))
    drawn = Image.open(io.BytesIO(small_png(words("fr"), digest.weeks, tuple(weekly))))
    shown = {colour for _, colour in drawn.convert("RGB").getcolors()}
    assert {ImageColor.getrgb(colour) for colour in (*STANCE_COLOURS.values(), "#ffffff", INK)} <= shown


def test_it_is_made_of_tables_and_inline_styles(digest: Digest) -> None:
    page = html.fromstring(page_of(parsed(digest)))
    assert page.xpath("//script | //link | //style | //svg | //iframe | //form | //object") == []
    assert page.xpath("//*[@class]") == [] or all(one.get("style") for one in page.xpath("//td[@class]"))
    assert page.xpath("//table//td[contains(@style, 'font')]")
    assert page.get("lang") == "en"
    assert not re.search(r"flex|grid|position:|var\(", page_of(parsed(digest)))
    for address in page.xpath("//@href"):
        assert address.startswith(("http://", "https://", "#s", "mailto:press@example.org?"))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_text_holds_every_figure_in_72_columns(told: Told, language: str) -> None:
    digest = told.digest(language=language)
    text, say = text_of(parsed(digest)), words(language)
    flat = " ".join(text.split())
    for figure in (digest.articles, digest.stories, digest.outlets, *(topic.articles for topic in digest.topics)):
        assert say.number(figure.value) in flat
        assert figure.mean_before is None or say.number(figure.mean_before) in flat
    assert say.percent(digest.attention.value).replace("\xa0", " ") in flat.replace("\xa0", " ")
    for stances in (digest.stances, *(topic.stances for topic in digest.topics)):
        for one in stances:
            assert not one.count or f"{one.count} {say.stance(one.stance, one.count)}" in flat
    for sentence in map(str, digest.summary):
        assert " ".join(sentence.split()) in flat
    for line in text.splitlines():
        assert len(line) <= 72 or line.startswith(("  http", "  vigie search")) or " " not in line.strip("->* ")
    for story in digest.top_stories[:3]:
        assert story.url in text
    assert "<" not in re.sub(r"<script>|</script>|p < 0", "", text)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_weeks_of_which_nothing_was_collected_are_told_apart_from_nought(told: Told, language: str) -> None:
    digest = told.digest(language=language)
    message, say, weeks = parsed(digest), words(language), digest.articles.weeks_before
    assert digest.weekly[0].values[0] is None
    assert 1 < weeks < 4
    mean = {"en": f"mean of {weeks} weeks: ", "fr": f"moyenne de {weeks} semaines\xa0: "}[language]
    mean += say.number(digest.articles.mean_before or 0)
    assert mean in html.fromstring(page_of(message)).text_content()
    lines = text_of(message).splitlines()
    assert mean in " ".join(line.strip(" ") for line in lines)
    assert sum(bool(re.fullmatch(rf"{say.week_label(digest.weeks[0])}( +–){{4}}", line)) for line in lines) == 1 + sum(
        bool(topic.articles.value) for topic in digest.topics
    )


def test_a_week_with_very_much_stays_small_and_says_what_it_leaves_out(digest: Digest) -> None:
    sent = to_eml(large(digest), MAIL)
    assert len(sent) < MOST_BYTES
    message = cast(EmailMessage, message_from_bytes(sent, policy=default))
    whole = f"vigie digest --edition {digest.edition} --week {digest.week} --format html"
    assert whole in " ".join(text_of(message).split())
    assert whole in " ".join(html.fromstring(page_of(message)).text_content().split())
    assert len(page_of(message).encode()) < MOST_BYTES
    commands = [line.strip() for line in text_of(message).splitlines() if line.startswith("  vigie search")]
    assert {command(one.articles.query) for one in (digest, *large(digest).topics)} >= set(commands), "whole, or not at all"


def test_the_last_room_fits_whatever_happened(digest: Digest) -> None:
    crowded = large(digest)
    last = ROOMS[-1].text
    crowded = replace(
        crowded,
        summary=tuple(Sentence((Part(str(one) * 400, ""),)) for one in digest.summary),
        notes=replace(digest.notes, rising=Sentence((Part("x " * 9000, ""),))),
    )
    sent = to_eml(crowded, MAIL)
    assert len(sent) < MOST_BYTES
    assert last < 100


def test_hostile_words_are_shown_and_do_nothing(digest: Digest) -> None:
    story = replace(digest.top_stories[0], title=HOSTILE, url='javascript:alert("x")', source=HOSTILE)
    hostile = replace(digest, title=HOSTILE, subject=HOSTILE, summary=(Sentence((Part(HOSTILE, ""),)),), top_stories=(story,))
    message = parsed(hostile, structs.replace(MAIL, sender_name=HOSTILE))
    assert message["Bcc"] is None
    assert len(message.get_all("To", [])) == 1
    page = html.fromstring(page_of(message))
    assert page.xpath("//script") == []
    assert all(image.get("src").startswith("cid:") for image in page.xpath("//img"))
    assert not any("javascript" in address for address in page.xpath("//@href"))
    assert "\u202e" not in page_of(message) + text_of(message)
    assert "alert(1)" in page.text_content()


@pytest.mark.parametrize(("language", "words_of_it"), [("en", "Leave this list"), ("fr", "Ne plus recevoir ce message")])
def test_the_list_is_left_by_a_link_with_words(told: Told, language: str, words_of_it: str) -> None:
    message = parsed(told.digest(language=language))
    (link,) = html.fromstring(page_of(message)).xpath(f"//a[. = '{words_of_it}']")
    assert link.get("href") == "mailto:press@example.org?subject=unsubscribe%20weekly"
    assert "mailto:" not in html.fromstring(page_of(message)).text_content()
    assert link.get("href") in text_of(message)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_usual_week_is_told_whole(told: Told, language: str) -> None:
    digest = told.digest(language=language)
    message = parsed(digest)
    assert "vigie digest --edition" not in text_of(message)
    assert len(message.as_bytes()) < MOST_BYTES
    text = html.fromstring(page_of(message)).text_content()
    for quote in (quote for story in digest.top_stories for quote in story.quotes):
        assert text.count(words(language).quoted(quote.text)) >= 1
    for png in (part for part in message.walk() if part.get_content_maintype() == "image"):
        assert len(png.get_content()) < 5_000


def test_a_recipient_cannot_smuggle_a_header(digest: Digest) -> None:
    with pytest.raises(ValueError, match="CR or LF"):
        Letter(digest, MAIL).to("x@example.org\r\nBcc: all@example.org")


def test_headlines_keep_their_language(digest: Digest) -> None:
    page = html.fromstring(page_of(parsed(digest)))
    for story in digest.top_stories[:3]:
        assert page.xpath(f"//a[@href='{story.url}']/@lang")[0] == story.language


@pytest.mark.parametrize("template", ["email.html", "entry.html", "feed.atom"])
def test_every_message_of_a_template_is_translated(template: str) -> None:
    with (LOCALE_FOLDER / "fr" / "LC_MESSAGES" / "digest.po").open("rb") as source:
        catalogue = read_po(source, locale="fr")
    with (LOCALE_FOLDER.parent / "templates" / template).open("rb") as source:
        for _, _, message, _ in babel_extract(source, ["_", "ngettext"], [], {}):
            assert catalogue.get(next(one for one in message if one) if isinstance(message, tuple) else message), message
