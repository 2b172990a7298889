"""vigie explain"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from vigie.cli._options import with_format, with_settings
from vigie.cli._output import console, plain, print_rows
from vigie.errors import Exit, UsageError
from vigie.settings import Settings

if TYPE_CHECKING:
    from nlp.explanation import Explanation, Otherwise, WhyStance, WhyTopic
    from vigie.article import Article, Voice

_COLUMNS = (
    "label", "subject", "topic", "value", "confidence", "speaker", "toward", "part", "text", "start", "end", "weight",
)  # fmt: skip
_PROTOTYPES_SHOWN = 3


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

    ARTICLE is an id, the beginning of one, or a URL. The article is read again with the models in use; where the archive shows
    another label, since it was read by others or a person corrected it, a line says so. Weights are log odds: each 1 multiplies
    the odds of a topic, or of none, by 2.7; those of a stance against the geometric mean of the other two.
    """
    archive = settings.existing_archive()
    with archive.read() as tx:
        found = tx.articles.matching(article)
    if not found:
        raise UsageError(f"the archive has no article {article!r}", mend="vigie search --format json shows ids and URLs")
    if len(found) > 1:
        raise UsageError(f"{article!r} begins the id of {len(found)} articles", mend="give more of it")
    from nlp.explanation import explain, stored_otherwise
    from nlp.reader import reader_of

    (one,) = found
    reader = reader_of(archive, settings.watch)
    explanation = explain(reader, one)
    with archive.read() as tx:
        own, corrections = tx.labels.get([one.id]).get(one.id), tx.articles.answers([one.id]).get(one.id, [])
    otherwise = stored_otherwise(explanation, one, own, corrections, analyser=reader.analyser) if own else []
    if output == "table":
        _print(one, explanation, otherwise)
    else:
        print_rows(_rows(explanation, otherwise), _COLUMNS, output)
    return Exit.DONE


def _rows(explanation: "Explanation", otherwise: "Iterable[Otherwise]") -> list[dict[str, Any]]:
    """One row for each note and each label that the archive shows otherwise, then for each part of each label."""
    rows: list[dict[str, Any]] = [{"label": "note", "value": note} for note in explanation.notes]
    rows += [
        {
            "label": "stance" if one.subject else "topic", "subject": one.subject, "topic": one.topic,
            "value": one.stored if one.subject else one.stored == "found", "part": "archive", "text": one.why,
        }
        for one in otherwise
    ]  # fmt: skip
    for topic in explanation.topics:
        about: dict[str, Any] = {
            "label": "topic", "topic": topic.topic, "value": topic.found, "confidence": round(topic.score, 4),
        }  # fmt: skip
        rows += [about | part for part in _topic_parts(topic)]
    for stance in explanation.stances:
        about = {
            "label": "stance", "subject": stance.subject, "topic": stance.topic, "value": str(stance.shown or "none"),
            "confidence": round(stance.conclusion.confidence if stance.shown else 1 - stance.conclusion.of_subject, 4),
            "toward": _toward(stance),
        }  # fmt: skip
        rows += [about | part for part in _stance_parts(stance)]
    rows += [_voice_row(voice) for voice in explanation.voices]
    return [dict.fromkeys(_COLUMNS) | row for row in rows]


def _toward(stance: "WhyStance") -> str:
    """The answer that the weights speak for: of an unsure stance the likeliest."""
    return str(stance.conclusion.stance) if stance.shown else "none"


def _topic_parts(topic: "WhyTopic") -> list[dict[str, Any]]:
    weights = (("all passages", topic.mean), ("learnt", topic.learnt), ("bias", topic.bias))
    cosines = (("near", topic.near), ("elsewhere", topic.elsewhere))
    return [
        {"part": "best passage", "text": topic.passage, "start": topic.start, "end": topic.end, "weight": round(topic.best, 4)},
        *({"part": part, "text": "", "weight": round(weight, 4)} for part, weight in (*weights, *cosines)),
        *({"part": "prototype", "text": text, "weight": round(cosine, 4)} for text, cosine in topic.prototypes),
    ]


def _stance_parts(stance: "WhyStance") -> list[dict[str, Any]]:
    if stance.dropped:
        return [{"part": "dropped", "text": "the article is not about the subject"}]
    balance = stance.balance
    rest = [("name", balance.rest), ("bias", balance.bias)] + ([] if stance.shown else [("spread", balance.spread)])
    sentences = [
        {"part": "sentence", "text": one.text, "start": one.start, "end": one.end, "weight": round(weight, 4)}
        for one, weight in stance.sentences
    ]
    return [*sentences, *({"part": part, "text": "", "weight": round(weight, 4)} for part, weight in rest)]


def _voice_row(voice: "Voice") -> dict[str, Any]:
    said = voice.stance
    return {
        "label": "voice", "subject": said.subject, "value": str(said.stance), "confidence": said.confidence,
        "speaker": voice.speaker, "part": "quote", "text": voice.text, "start": voice.start, "end": voice.end,
    }  # fmt: skip


def _print(article: "Article", explanation: "Explanation", otherwise: "Sequence[Otherwise]") -> None:
    from rich.text import Text

    out = console()
    out.print(Text(plain(article.title), style="bold"))
    out.print(Text(plain(article.url), style="dim"))
    if explanation.notes:
        out.print(Text(f"Note: {', '.join(explanation.notes)}"))
    for one in otherwise:
        what = f"stance toward {one.subject}, {_on(one.topic)}" if one.subject else f"topic {one.topic}"
        out.print(Text(plain(f"The archive has {what}: {one.stored} ({one.why})")))
    for topic in explanation.topics:
        _print_topic(topic)
    for stance in explanation.stances:
        _print_stance(stance)
    if not explanation.stances:
        out.print(Text("\nNo stance: the article names no subject of the watch."))
    for voice in explanation.voices:
        said = voice.stance
        out.print(Text(f"\nVoice of {plain(voice.speaker)} toward {said.subject}: {said.stance}", style="bold"))
        out.print(_hanging(f"    characters {voice.start} to {voice.end}, confidence {said.confidence:.2f}: ", f"“{voice.text}”"))


def _print_topic(topic: "WhyTopic") -> None:
    from rich.text import Text

    out = console()
    verdict = "found" if topic.found else "not found"
    out.print(Text(f"\nTopic {topic.topic}: {verdict}, probability {topic.score:.2f}", style="bold" if topic.found else "dim"))
    if not topic.found:
        return
    for what, weight in (
        ("nearest passage", topic.best), ("all passages", topic.mean), ("learnt from labelled articles", topic.learnt),
        ("bias", topic.bias),
    ):  # fmt: skip
        out.print(_weighed(weight, what))
    out.print(_hanging("    passage: ", topic.passage[:300]))
    for text, cosine in topic.prototypes[:_PROTOTYPES_SHOWN]:
        out.print(_hanging(f"    prototype, cosine {cosine:.2f}: ", text[:160], style="dim"))
    of = f"the mean of the {len(topic.prototypes)} nearest" if len(topic.prototypes) > 1 else "the only one"
    out.print(Text(f"    {of} lies at {topic.near:.2f}, the press at large at {topic.elsewhere:.2f}", style="dim"))


def _print_stance(stance: "WhyStance") -> None:
    from rich.text import Text

    out = console()
    about = f"\nStance toward {stance.subject}, {_on(stance.topic)}: {stance.shown or 'none'}"
    if stance.dropped:
        out.print(Text(f"{about}, since the article over all is not about the subject", style="bold"))
        return
    none, critical, neutral, supportive = stance.conclusion.chances
    out.print(Text(about if stance.shown else f"{about} (not about the subject)", style="bold"))
    out.print(Text(f"    supportive {supportive:.2f}, neutral {neutral:.2f}, critical {critical:.2f}, not about it {none:.2f}"))
    out.print(Text(f"    a stance is shown where not about it is at most {1 - stance.needed:.2f}", style="dim"))
    against = "the others" if stance.shown else "any stance"
    out.print(Text(f"    what speaks for {_toward(stance)} rather than {against}:", style="dim"))
    for sentence, weight in sorted(stance.sentences, key=lambda pair: -abs(pair[1])):
        out.print(_weighed(weight, sentence.text))
    out.print(_weighed(stance.balance.rest, "the name of the subject"))
    out.print(_weighed(stance.balance.bias, "bias"))
    if not stance.shown:
        out.print(_weighed(stance.balance.spread, "that three stances stand against it"))


def _on(topic: str | None) -> str:
    return f"on {topic}" if topic else "over all"


def _weighed(weight: float, what: str) -> Any:
    return _hanging(f"    {weight:+6.2f}  ", what, style="" if abs(weight) >= 0.1 else "dim")


def _hanging(head: str, what: str, *, style: str = "") -> Any:
    """A text behind its head; its further lines stand under its first."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row(Text(head), Text(plain(what)), style=style)
    return grid
