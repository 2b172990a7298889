"""What quoted speakers convey about the subjects, apart from the article that quotes them."""

from collections.abc import Sequence

from nlp.document import Document
from nlp.mentions import find_mentions, subjects_of
from nlp.stance.conclude import Conclusion, stance_labels
from nlp.stance.views import View, compose
from vigie.article import Mention, Quote, Sentence, Voice
from vigie.watch import Subject

Spoken = tuple[Quote, Subject, View]

# So many sentences before a quote are read with it: they say what it is about.
BEFORE = 2


def spoken_of(document: Document, quotes: Sequence[Quote], subjects: Sequence[Subject]) -> list[Spoken]:
    """Each quote whose speaker is known, with each subject that it speaks of, and what is read of it.

    subjects: those that the document is about. A quote speaks of the ones that it names; or that its sentences name; or of the
    one that was named last before it, in the title, or first after it; where none is named anywhere, of all.
    """
    mentions = find_mentions(document.text, subjects)
    found: list[Spoken] = []
    for quote in quotes:
        own = [one for one in document.sentences if _meet(one, quote)]
        if not (quote.speaker and own):
            continue
        if named := subjects_of([one for one in mentions if _meet(one, quote)], subjects):
            alone = Sentence(quote.text, quote.start, quote.end)
            found += [(quote, subject, compose(subject, [alone])) for subject in named]
            continue
        # Where somebody else speaks, it is that one's stance that is read.
        others = [other for other in quotes if other.speaker != quote.speaker]
        before = [one for one in document.sentences if one.end <= own[0].start]
        near = [one for one in before if not any(_meet(one, other) for other in others)][-BEFORE:] + own
        for subject in _meant(document, own, mentions, subjects):
            naming = [one for one in before if _names(one, subject, mentions)][-1:]
            read = near if any(_names(one, subject, mentions) for one in near) else naming + near
            found.append((quote, subject, compose(subject, read)))
    return found


def _meant(
    document: Document, own: Sequence[Sentence], mentions: Sequence[Mention], subjects: Sequence[Subject]
) -> Sequence[Subject]:
    """The subjects that sentences speak of, which need not name them."""
    inside = [one for one in mentions if own[0].start <= one.start < own[-1].end]
    before = [one for one in mentions if one.start < own[0].start]
    after = [one for one in mentions if one.start >= own[-1].end]
    nearest = inside or before[-1:] or find_mentions(document.title, subjects) or after[:1]
    return subjects_of(nearest, subjects) or subjects


def _names(sentence: Sentence, subject: Subject, mentions: Sequence[Mention]) -> bool:
    return any(one.subject == subject.id and _meet(sentence, one) for one in mentions)


def _meet(one: Sentence | Mention, other: Quote | Mention) -> bool:
    return one.start < other.end and other.start < one.end


def voice_of(spoken: Spoken, concluded: dict[str | None, Conclusion]) -> Voice | None:
    """The voice that a conclusion about a quote gives; None where it does not speak of the subject after all."""
    quote, subject, view = spoken
    labels = stance_labels(view, subject.id, concluded)
    return Voice(quote.speaker, labels[0], quote.text, quote.start, quote.end) if labels else None
