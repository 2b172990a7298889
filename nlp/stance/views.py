"""What is read to learn the stance of a text: as much of it as the encoder sees at once, and where it names the subject."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

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

    sentences keep their places in the article (the title has start = end = 0).
    """

    subject: str
    text: str
    mentions: tuple[Span, ...]
    sentences: tuple[Sentence, ...]
    places: tuple[Span, ...]

    @property
    def single(self) -> bool:
        """Whether it is a sentence by itself: there polarity toward the subject decides, with no article in view."""
        return len(self.sentences) == 1


def view_of(document: Document, subject: Subject, *, relevant: Collection[int] = ()) -> View:
    """The view of a document, title first. Of a long one: the lead, what names the subject, what is relevant, then the rest.

    relevant: indexes of the document's sentences that treat a topic of the watch. The order of the text is kept.
    """
    sentences = [Sentence(document.title, 0, 0), *document.sentences] if document.title else list(document.sentences)
    offset = len(sentences) - len(document.sentences)
    wanted = {n + offset for n in relevant}

    def rank(n: int) -> tuple[int, int]:
        if n < LEAD + offset:
            return 0, n
        return (1 if find_mentions(sentences[n].text, (subject,)) else 2 if n in wanted else 3), n

    return compose(subject, [sentences[n] for n in _fitting(sentences, sorted(range(len(sentences)), key=rank))])


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
    text, places = "", []
    for sentence in sentences:
        if text:
            text += " " if text[-1] in '.!?…»”"’:' else ". "
        places.append((len(text), len(text) + len(sentence.text)))
        text += sentence.text
    mentions = tuple((mention.start, mention.end) for mention in find_mentions(text, (subject,)))
    return View(subject.name, text, mentions, tuple(sentences), tuple(places))
