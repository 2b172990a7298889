"""What quoted speakers convey about the subjects, apart from the article that quotes them."""

from collections.abc import Sequence

from nlp.document import Document
from nlp.mentions import find_mentions
from nlp.stance.conclude import Conclusion, stance_labels
from nlp.stance.views import View, compose
from vigie.article import Quote, Sentence, Voice
from vigie.watch import Subject

Spoken = tuple[Quote, Subject, View]


def spoken_of(document: Document, quotes: Sequence[Quote], subjects: Sequence[Subject]) -> list[Spoken]:
    """Each quote whose speaker is known, with each subject that it speaks of, and what is read of it.

    It speaks of the subjects that it names, or else of those that the sentences around it name.
    """
    found = []
    for quote in quotes:
        if not quote.speaker:
            continue
        own = Sentence(quote.text, quote.start, quote.end)
        around = [one for one in document.sentences if one.start < quote.end and quote.start < one.end]
        for subject in subjects:
            if find_mentions(quote.text, (subject,)):
                found.append((quote, subject, compose(subject, [own])))
            elif any(find_mentions(one.text, (subject,)) for one in around):
                found.append((quote, subject, compose(subject, around)))
    return found


def voice_of(spoken: Spoken, concluded: dict[str | None, Conclusion]) -> Voice | None:
    """The voice that a conclusion about a quote gives; None where it does not speak of the subject after all."""
    quote, subject, view = spoken
    labels = stance_labels(view, subject.id, concluded)
    return Voice(quote.speaker, labels[0], quote.text, quote.start, quote.end) if labels else None
