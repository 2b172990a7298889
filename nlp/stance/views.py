"""What is read to learn the stance of a text: as much of it as the encoder sees at once, and where it names the subject."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from nlp.document import Document
from nlp.mentions import find_mentions
from vigie.article import Sentence
from vigie.watch import Subject

# About 450 tokens in the languages of the reference texts; beyond that the encoder sees nothing.
LONGEST_VIEW = 1900
# The sentences after the title that say what an article is about.
LEAD = 3

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class View:
    """A text about a subject: the sentences that are read, their places in the view's text, and those of the subject's names.

    sentences keep their places in the article (the title has start = end = 0). nearness: by topic how near the paragraph of each
    sentence is to it, infinite for the title; empty where that is not known.
    """

    subject: str
    text: str
    mentions: tuple[Span, ...]
    sentences: tuple[Sentence, ...]
    places: tuple[Span, ...]
    nearness: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def single(self) -> bool:
        """Whether it is a sentence by itself: there polarity toward the subject decides, with no article in view."""
        return len(self.sentences) == 1


def view_of(
    document: Document,
    subject: Subject,
    *,
    relevant: Collection[int] = (),
    nearness: Mapping[str, Sequence[float]] | None = None,
) -> View:
    """The view of a document, title first. Of a long one: the lead, what names the subject, what is relevant, then the rest.

    relevant: indexes of the document's sentences that treat a topic of the watch; nearness: by topic, how near the paragraph of
    each of its sentences is to it. The order of the text is kept.
    """
    sentences = [Sentence(document.title, 0, 0), *document.sentences] if document.title else list(document.sentences)
    offset = len(sentences) - len(document.sentences)
    wanted = {n + offset for n in relevant}

    def rank(n: int) -> tuple[int, int]:
        if n < LEAD + offset:
            return 0, n
        return (1 if find_mentions(sentences[n].text, (subject,)) else 2 if n in wanted else 3), n

    chosen = _fitting(sentences, sorted(range(len(sentences)), key=rank))
    near = {
        topic: tuple(inf if n < offset else float(by_sentence[n - offset]) for n in chosen)
        for topic, by_sentence in (nearness or {}).items()
    }
    return replace(compose(subject, [sentences[n] for n in chosen]), nearness=near)


def _fitting(sentences: list[Sentence], ranked: list[int]) -> list[int]:
    """The first of the ranked sentences that fit together, in the order of the text; at least one."""
    chosen: list[int] = []
    length = 0
    for n in ranked:
        length += len(sentences[n].text) + 2
        if chosen and length > LONGEST_VIEW:
            break
        chosen.append(n)
    return sorted(chosen)


def compose(subject: Subject, sentences: Sequence[Sentence]) -> View:
    """The view of these sentences in a row."""
    text, places = _in_a_row(sentences)
    mentions = tuple((mention.start, mention.end) for mention in find_mentions(text, (subject,)))
    return View(subject.name, text, mentions, tuple(sentences), places)


def passages_on(view: View, topic: str, topics: Sequence[str]) -> tuple[int, ...]:
    """The sentences of a view, title included, whose paragraph is as near to a topic as to any of these topics.

    None where that is not known, where it is the whole view, and where it is not a text but a single sentence.
    """
    if topic not in view.nearness:
        return ()
    nearest = np.max([view.nearness[other] for other in topics], axis=0)
    rows = np.flatnonzero(np.array(view.nearness[topic]) >= nearest)
    return tuple(rows.tolist()) if 1 < len(rows) < len(view.sentences) else ()


def part_of(view: View, rows: Sequence[int]) -> View:
    """The view of some of its sentences alone."""
    sentences = [view.sentences[row] for row in rows]
    text, places = _in_a_row(sentences)
    mentions = [
        (start - before + now, end - before + now)
        for (before, after), (now, _) in zip([view.places[row] for row in rows], places, strict=True)
        for start, end in view.mentions
        if before <= start < end <= after
    ]
    return View(view.subject, text, tuple(mentions), tuple(sentences), places)


def _in_a_row(sentences: Sequence[Sentence]) -> tuple[str, tuple[Span, ...]]:
    """The text of these sentences, and the place of each in it."""
    text, places = "", []
    for sentence in sentences:
        if text:
            text += " " if text[-1] in '.!?…»”"’:' else ". "
        places.append((len(text), len(text) + len(sentence.text)))
        text += sentence.text
    return text, tuple(places)
