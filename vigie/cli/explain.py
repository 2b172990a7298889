"""vigie explain"""

from typing import TYPE_CHECKING, Any

import click

from vigie.cli._options import with_format, with_settings
from vigie.cli._output import console, plain, print_rows
from vigie.errors import Exit, UsageError
from vigie.settings import Settings

if TYPE_CHECKING:
    from nlp.explanation import Explanation, WhyStance, WhyTopic
    from vigie.article import Article

_COLUMNS = ("label", "subject", "topic", "value", "confidence", "part", "text", "weight")


@click.command(
    epilog="""\b
Examples:
  vigie explain 3f9a1c                       the beginning of an id is enough
  vigie explain https://example.org/article --format json
"""
)
@click.argument("article")
@with_settings
@with_format
def command(settings: Settings, article: str, output: str) -> int:
    """Say why an article has its labels: for each the sentences, the nearest prototypes, and what each part weighs.

    ARTICLE is an id, the beginning of one, or a URL. The article is read again with the models in use; what people have corrected
    is told by vigie review --list. Weights are log odds: 1 makes a label 2.7 times as likely.
    """
    archive = settings.existing_archive()
    with archive.read() as tx:
        found = tx.articles.matching(article)
    if not found:
        raise UsageError(f"the archive has no article {article!r}", mend="vigie search --format json shows ids and URLs")
    if len(found) > 1:
        raise UsageError(f"{article!r} begins the id of {len(found)} articles", mend="give more of it")
    from nlp.explanation import explain
    from nlp.learnt import load_learnt
    from nlp.reader import Reader

    with archive.read() as tx:
        learnt = load_learnt(tx, settings.watch)
    (one,) = found
    explanation = explain(Reader(settings.watch, learnt), one)
    if output == "table":
        _print(one, explanation)
    else:
        print_rows(_rows(explanation), _COLUMNS, output)
    return Exit.DONE


def _rows(explanation: "Explanation") -> list[dict[str, Any]]:
    """One row for each note, and then for each part of each label."""
    empty = dict.fromkeys(_COLUMNS)
    rows: list[dict[str, Any]] = [empty | {"label": "note", "value": note} for note in explanation.notes]
    for topic in explanation.topics:
        about = {
            "label": "topic",
            "subject": None,
            "topic": topic.topic,
            "value": topic.found,
            "confidence": round(topic.score, 4),
        }
        rows += [about | part for part in _topic_parts(topic)]
    for stance in explanation.stances:
        about = {
            "label": "stance", "subject": stance.subject, "topic": stance.topic,
            "value": str(stance.shown) if stance.shown else None, "confidence": round(stance.conclusion.confidence, 4),
        }  # fmt: skip
        rows += [about | part for part in _stance_parts(stance)]
    return rows


def _topic_parts(topic: "WhyTopic") -> list[dict[str, Any]]:
    near = [{"part": "prototype", "text": text, "weight": round(cosine, 4)} for text, cosine in topic.prototypes]
    return [
        {"part": "best passage", "text": topic.passage, "weight": round(topic.best, 4)},
        {"part": "all passages", "text": "", "weight": round(topic.mean, 4)},
        {"part": "learnt", "text": "", "weight": round(topic.learnt, 4)},
        {"part": "bias", "text": "", "weight": round(topic.bias, 4)},
        *near,
    ]


def _stance_parts(stance: "WhyStance") -> list[dict[str, Any]]:
    return [
        *({"part": "sentence", "text": sentence.text, "weight": round(weight, 4)} for sentence, weight in stance.sentences),
        {"part": "name", "text": "", "weight": round(stance.conclusion.rest, 4)},
        {"part": "bias", "text": "", "weight": round(stance.conclusion.bias, 4)},
    ]


def _print(article: "Article", explanation: "Explanation") -> None:
    from rich.text import Text

    out = console()
    out.print(Text(plain(article.title), style="bold"))
    out.print(Text(plain(article.url), style="dim"))
    if explanation.notes:
        out.print(Text(f"Note: {', '.join(explanation.notes)}"))
    for topic in explanation.topics:
        verdict = "found" if topic.found else "not found"
        out.print(
            Text(f"\nTopic {topic.topic}: {verdict}, probability {topic.score:.2f}", style="bold" if topic.found else "dim")
        )
        if not topic.found:
            continue
        for what, weight in (
            ("nearest passage", topic.best), ("all passages", topic.mean), ("learnt from labelled articles", topic.learnt),
            ("bias", topic.bias),
        ):  # fmt: skip
            out.print(_weighed(weight, what))
        out.print(Text(f"    passage: {plain(topic.passage)[:300]}"))
        for text, cosine in topic.prototypes:
            out.print(Text(f"    prototype, cosine {cosine:.2f}: {plain(text)[:160]}", style="dim"))
        out.print(Text(f"    the press at large lies at {topic.elsewhere:.2f}", style="dim"))
    for stance in explanation.stances:
        _print_stance(stance)


def _print_stance(stance: "WhyStance") -> None:
    from rich.text import Text

    out = console()
    found = stance.conclusion
    on = f"on {stance.topic}" if stance.topic else "over all"
    said = str(stance.shown) if stance.shown else "none (not about the subject)"
    none, critical, neutral, supportive = found.chances
    out.print(Text(f"\nStance toward {stance.subject}, {on}: {said}", style="bold"))
    out.print(Text(f"    supportive {supportive:.2f}, neutral {neutral:.2f}, critical {critical:.2f}, not about it {none:.2f}"))
    out.print(Text(f"    what speaks for {found.stance} rather than the others:", style="dim"))
    for sentence, weight in sorted(stance.sentences, key=lambda pair: -abs(pair[1])):
        out.print(_weighed(weight, sentence.text))
    out.print(_weighed(found.rest, "the name of the subject"))
    out.print(_weighed(found.bias, "bias"))


def _weighed(weight: float, what: str) -> Any:
    from rich.text import Text

    return Text(f"    {weight:+6.2f}  {plain(what)}", style="" if abs(weight) >= 0.1 else "dim")
