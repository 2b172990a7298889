"""Articles and labels as JSON text in the archive: the text stays what it was, so that every archive can be read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from vigie.archive._records import from_json, to_json
from vigie.article import Article, DateCandidate, Labels, Published, Quote, Sentence, Stance, StanceLabel, TopicLabel

URL = "https://silex.example/a"
CANDIDATES = (
    DateCandidate("meta", "hier", None),
    DateCandidate("url", "x", datetime(2025, 1, 20, 9, 0, 0, 120_000, tzinfo=timezone(timedelta(hours=1)))),
    DateCandidate("text", "x", datetime(2025, 1, 20)),
)
ARTICLE = Article(
    "a", URL, URL, "silex", '« IA »\t"é"', "深度", published=Published(datetime(2025, 1, 20, 8, tzinfo=UTC), 60, "minute", "json-ld", "first", CANDIDATES)
)  # fmt: skip
LABELS = Labels(
    "a", 1, "fr", "e5", topics=(TopicLabel("data", 1e-7),), stances=(StanceLabel("deepseek", None, Stance.CRITICAL, -0.5, 1.0, (Sentence("é", 0, 1),)),)
)  # fmt: skip

# As pydantic wrote them in the first archives.
KEPT_ARTICLE = r"""{"id":"a","url":"https://silex.example/a","canonical_url":"https://silex.example/a","source":"silex","title":"« IA »\t\"é\"","text":"深度","authors":[],"published":{"instant":"2025-01-20T08:00:00Z","offset":60,"precision":"minute","method":"json-ld","reason":"first","candidates":[{"method":"meta","raw":"hier","value":null},{"method":"url","raw":"x","value":"2025-01-20T09:00:00.120000+01:00"},{"method":"text","raw":"x","value":"2025-01-20T00:00:00"}]},"language":"","section":"","tags":[],"image":"","paywalled":false,"revision":1}"""
KEPT_LABELS = r"""{"article_id":"a","revision":1,"language":"fr","analyser":"e5","subjects":[],"mentions":[],"entities":[],"topics":[{"topic":"data","score":1e-7,"by":"","stale":false}],"stances":[{"subject":"deepseek","topic":null,"stance":"critical","score":-0.5,"confidence":1.0,"evidence":[{"text":"é","start":0,"end":1}],"by":"","stale":false}],"quotes":[],"voices":[],"notes":[]}"""


@pytest.mark.parametrize(("record", "kept"), [(ARTICLE, KEPT_ARTICLE), (LABELS, KEPT_LABELS)], ids=["article", "labels"])
def test_a_record_is_kept_as_ever(record: Article | Labels, kept: str) -> None:
    assert to_json(record).removesuffix("}").startswith(kept.removesuffix("}"))  # fields may be added, at the end
    assert from_json(type(record), kept) == record


def test_records_of_older_and_newer_versions_are_read() -> None:
    older = '{"article_id":"a","revision":1,"language":"fr","analyser":"e5","quotes":[{"speaker":"X","text":"y","start":0,"end":1}],"unheard":1}'
    assert from_json(Labels, older).quotes == (Quote("X", "y", 0, 1, "direct"),)


@pytest.mark.parametrize(
    "text", ["", "{", "{}", "[]", KEPT_LABELS.replace("critical", "angry"), KEPT_LABELS.replace('"fr"', "3")]
)
def test_what_is_no_record_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(Labels, text)
