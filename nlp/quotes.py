"""Reported speech, verbatim with its place and speaker: in marks, in reported clauses, and as « selon X » ascribes it.

By rules over the words of :mod:`nlp.speech`: what stands in marks is blanked first, so that only the reporter's words say who
speaks.
"""

import re
from collections.abc import Iterator, Sequence

from nlp.entities import Named
from nlp.quotation import BLANK, LONGEST, Marked, blanked, find_marks
from nlp.speakers import INDEFINITE, SENTENCE_END, WINDOW, Speakers
from nlp.speech import speech_of
from vigie.article import Quote, QuoteKind

SHORTEST = 3  # words; fewer are coined words and scare quotes more often than speech
_TITLES = re.compile(
    r"\b(?:livre|roman|film|chanson|rapport|ouvrage|essai|article|note|série|documentaire|pièce|album|intitulée?s?|titrée?s?|baptisée?s?|"
    r"surnommée?s?|dite?s?|mot|expression|formule|book|novel|film|song|report|series|paper|essay|titled|entitled|dubbed|so-called|note|"
    r"Roman|Buch|Film|Lied|Titel|Wort|novela|libro|película|palabra|romanzo|canzone|parola)s?[\s,:]*$"
)
_CLAUSE_END = re.compile(r",?\s+(?:mais|tandis que|alors que|but|while|although|whereas|sino|aber|ma|mentre)\b|\s+[:;–—]\s|;|:\s")
# « L'entreprise, fondée en 2019, a annoncé une hausse »: what stands before the verb is its subject, not what is said.
_SUBJECT_AND_ASIDE = re.compile(r"[^,]+,\s+(?:qui|dont|\w+(?:ée?s?|ie?s?|ue?s?))\s[^,]*")
_INVERTED = re.compile(r"-(?:il|elle)s?\b")


def find_quotes(text: str, named: Sequence[Named], language: str) -> tuple[Quote, ...]:
    """Quotes of at least three words in the order of the text, none within another; an unknown speaker is an empty name.

    named: where the text names people and organisations. A language without grammar (see :mod:`nlp.speech`) has direct quotes
    only.
    """
    return tuple(sorted(_Report(text, named, language).quotes(), key=lambda quote: quote.start))


class _Report:
    """A text in which one reads who says what."""

    def __init__(self, text: str, named: Sequence[Named], language: str) -> None:
        self.text = text
        self.speech = speech_of(language)
        self.marked = [mark for mark in find_marks(text) if len(text[mark.start : mark.end].split()) >= SHORTEST]
        self.masked = blanked(text, self.marked)
        self.speakers = Speakers(text, self.masked, named, language)

    def quotes(self) -> list[Quote]:
        """All quotes; first the marked, since marked words are vouched for."""
        found: list[Quote] = []
        for start, end in self._sentences():
            here = [mark for mark in self.marked if start <= mark.outside[0] < end]
            made = self._direct(here, start, end)
            if not made and end - start <= LONGEST:
                made = self._ascribed(start, end) or self._reported(start, end)
            found += made
            if made and made[-1].speaker:
                self.speakers.last = (made[-1].speaker, made[-1].end)
        return found

    def _sentences(self) -> Iterator[tuple[int, int]]:
        start = 0
        for match in SENTENCE_END.finditer(self.masked):
            if self.masked[start : match.end()].strip():
                yield start + len(self.masked[start:]) - len(self.masked[start:].lstrip()), match.end()
            start = match.end()
        if self.masked[start:].strip():
            yield start + len(self.masked[start:]) - len(self.masked[start:].lstrip()), len(self.text)

    # Words in marks

    def _direct(self, marks: Sequence[Marked], start: int, end: int) -> list[Quote]:
        quotes: list[Quote] = []
        previous: Marked | None = None
        for mark in marks:
            speaker = self._parted_by(mark)
            if speaker is None:
                speaker = self._speaker_of(mark, start, end)
            if speaker is None and previous is not None and quotes:
                speaker = quotes[-1].speaker
            if speaker is None:
                continue
            if not speaker and previous is not None and quotes and self._continues(previous, mark):
                speaker = quotes[-1].speaker
            quotes += [self._quote("direct", speaker, *part) for part in self._parts(mark)]
            previous = mark
            if speaker:
                self.speakers.last = (speaker, mark.end)
        return [quote for quote in quotes if len(quote.text.split()) >= 2]

    def _continues(self, previous: Marked, mark: Marked) -> bool:
        return not re.search(r"[.!?]\s", self.masked[previous.outside[1] : mark.outside[0]])

    def _incise(self, mark: Marked) -> tuple[int, int, int, int] | None:
        """A remark of the reporter within marks: its start, the subject's start and end, its end."""
        for match in self.speech.says.finditer(self.text, mark.start, mark.end):
            before = re.search(r"[,!?…]\s*$", self.text[mark.start : match.start()])
            if not before:
                continue
            pronoun = _INVERTED.search(match[0])
            rest = re.compile(r"\s*(?P<who>[^,.!?«»]{0,60}?)(?P<more>,[^,.!?]{0,50})?[,.](?=\s)").match(
                self.text, match.end(), mark.end
            )
            if not rest or not (pronoun or self._looks_like_subject(rest["who"])):
                continue
            # « …, dit X, juriste à Brest, … »: an apposition belongs to the remark where a comma closes it.
            close = rest.end()
            if rest["more"] and not pronoun and not rest[0].endswith("."):
                shorter = re.compile(r"\s*[^,.!?«»]{0,60}?,(?=\s)").match(self.text, match.end(), mark.end)
                close = shorter.end() if shorter else close
            subject = (match.start() if pronoun else rest.start("who"), match.end() if pronoun else rest.end("who"))
            return mark.start + before.start(), *subject, close
        return None

    @staticmethod
    def _looks_like_subject(words: str) -> bool:
        return bool(re.match(r"(?:[A-ZÀ-ÖØ-Þ]|(?:le|la|les|un|une)\s|l['’]|the\s)", words.strip()))

    def _parted_by(self, mark: Marked) -> str | None:
        incise = self._incise(mark)
        return None if incise is None else self.speakers.who(incise[1], incise[2], at=mark.start) or ""

    def _parts(self, mark: Marked) -> list[tuple[int, int]]:
        incise = self._incise(mark)
        if incise is None:
            return [(mark.start, mark.end)]
        return [part for part in ((mark.start, incise[0]), (incise[3], mark.end)) if self.text[slice(*part)].strip(" ,.")]

    def _speaker_of(self, mark: Marked, start: int, end: int) -> str | None:
        """Who says the words in marks; empty: somebody unnamed; None: nothing shows that they are said."""
        if _TITLES.search(self.masked[max(start, mark.outside[0] - 40) : mark.outside[0]]):
            return None
        opens = mark.outside[0] - start <= WINDOW and not self.masked[start : mark.outside[0]].strip()
        near = max(start, mark.outside[0] - WINDOW)
        end = min(end, mark.outside[1] + WINDOW)
        for read in (self._said_after, self._said_before, self._ascribed_around, self._after_colon):
            speaker = read(mark, near, end)
            if speaker is not None:
                return speaker
        if opens and (opened := self._opened_by(mark)) is not None:
            return opened
        after = self.masked[mark.outside[1] : mark.outside[1] + WINDOW]
        alone = opens and re.match(r"\s*[.!?…]?\s*(?:$|[\nA-ZÀ-Þ«“\"])", after)
        if alone and (self.text[mark.end - 1] in ".!?…" or after.lstrip()[:1] in (".", "")):
            return self.speakers.before(mark.outside[0])
        return None

    def _said_after(self, mark: Marked, _start: int, _end: int) -> str | None:
        """« … », a déclaré X. / "…," X said."""
        after = self.masked[mark.outside[1] : mark.outside[1] + 200].split("\n")[0]
        verb = self.speech.says.search(after)
        if verb is None or re.search(r"[.!?;:][»”\"’]?\s|[▮«“„]", after[: verb.start()]):
            return None
        lead = after[: verb.start()].strip(' ,.»”"’')
        base = mark.outside[1]
        if self.speech.negated.search(after[: verb.start()]):
            return None
        if _INVERTED.search(verb[0]) and not lead:
            return self.speakers.who(base + verb.start(), base + verb.end(), at=mark.start)
        if lead:
            opening = re.match(r"^[\s,.»”\"’]*", after)
            first = opening.end() if opening else 0
            closed = after[: verb.start()].count(",") <= 3 and len(lead.split()) <= 12
            return self.speakers.who(base + first, base + verb.start(), at=mark.start) if closed else None
        stop = re.compile(r"[,.:;!?«“\"▮]|\s(?:who|qui|lors|when)\b").search(after, verb.end())
        window = stop.start() if stop else len(after)
        speaker = self.speakers.who(base + verb.end(), base + window, at=mark.start)
        if not speaker and stop and stop[0] == ",":
            # « lui a répondu le ministre, Denis Poulenard »: the name stands beside the role.
            beside = re.compile(r",\s*([A-ZÀ-Þ][^,.:;!?«“\"▮]{2,60})").match(after, stop.start())
            if beside and not INDEFINITE.match(after[verb.end() : window].strip()):
                return self.speakers.who(base + beside.start(1), base + beside.end(1), at=mark.start) or ""
        return speaker if speaker is not None else ""

    def _opened_by(self, mark: Marked) -> str | None:
        """« … », s'étrangle X: marks that open a sentence and end in a comma are speech, whatever the verb."""
        after = self.masked[mark.end : mark.outside[1] + 120]
        comma = re.match(r"[\s.!?…]*[»”\"’«“]?\s*,|\s*,\s*[»”\"’«“]|[!?…]\s*[»”\"’«“]?(?=\s+[a-zà-ÿ])", after)
        if comma is None:
            return None
        stop = re.compile(r"[,.:;!?«“\"▮\n]").search(after, comma.end())
        return self.speakers.who(mark.end + comma.end(), mark.end + (stop.start() if stop else len(after)), at=mark.start) or ""

    def _said_before(self, mark: Marked, start: int, _end: int) -> str | None:
        """X a déclaré : « … » / X said that "…" / X y voit « … »"""
        before = self.masked[start : mark.outside[0]]
        before = before[before.rfind(BLANK) + 1 :].lstrip('»”"’.!?… ') if BLANK in before else before
        base = mark.outside[0] - len(before)
        verbs = [
            verb
            for pattern in (self.speech.says, self.speech.judges)
            for verb in pattern.finditer(before)
            if not self.speech.negated.search(before[: verb.start()]) and not re.search(r"[;]", before[verb.end() :])
        ]
        if not verbs:
            return None
        verb = max(verbs, key=lambda found: found.start())
        lead = before[: verb.start()]
        if not lead.strip(' ,»”"’'):
            # “…”, explicó X, “…”: the verb comes first.
            return self.speakers.who(base + verb.end(), mark.outside[0], at=mark.start)
        if self.speech.nobody.search(lead.rstrip(" ,")):
            return None
        return self.speakers.subject(base, base + verb.start(), at=mark.start) or ""

    def _ascribed_around(self, mark: Marked, start: int, end: int) -> str | None:
        """Selon X, « … » / « … », selon X"""
        pour = re.compile(r"(?:Pour|Für|Para|Per|For)\s+(?P<who>[^▮]+)$").match(
            self.masked[start : mark.outside[0]].rstrip(' ,:«“"„')
        )
        if pour:
            return self.speakers.who(start + pour.start("who"), start + pour.end("who"), at=mark.start)
        for first, last in ((start, mark.outside[0]), (mark.outside[1], end)):
            for match in self.speech.according.finditer(self.masked, first, last):
                stop = re.compile(r"[,.:;«“\"▮]").search(self.masked, match.end(), last)
                return self.speakers.who(match.end(), stop.start() if stop else last, at=mark.start) or ""
        return None

    def _after_colon(self, mark: Marked, start: int, _end: int) -> str | None:
        """X : « … », and any sentence that ends in a colon before the marks."""
        before = self.masked[start : mark.outside[0]]
        if not before.rstrip().endswith(":"):
            after = self.masked[mark.outside[1] : mark.outside[1] + 60]
            match = re.match(r"\s*:\s*(?:ainsi\s+)?(?P<who>[A-ZÀ-Þ][^,.:;▮\n]{2,50})", after)
            return (
                self.speakers.who(mark.outside[1] + match.start("who"), mark.outside[1] + match.end("who"), at=mark.start)
                if match
                else None
            )
        if INDEFINITE.match(before):
            return ""
        return self.speakers.who(start, start + len(before), at=mark.start) or self.speakers.before(start) or ""

    # Clauses without marks

    def _ascribed(self, start: int, end: int) -> list[Quote]:
        """Selon X, clause. / Clause, selon X."""
        match = self.speech.according.search(self.masked, start, end)
        if match is None:
            return []
        stop = re.compile(r",(?!\d)|[.;:](?=\s|$)").search(self.masked, match.end(), end)
        last = stop.start() if stop else end
        lead = self.masked[start : match.start()].strip(" ,")
        if not lead:
            if not (stop and stop[0] == ","):
                # Laut Bitkom nutzt jedes dritte Unternehmen: no comma parts the name from the clause.
                name = next((one for one in self.speakers.named if match.end() <= one.start <= match.end() + 5), None)
                if name is None:
                    return []
                last = name.end
            speaker = self.speakers.who(match.end(), last, at=start)
            return self._clause("according", speaker or "", last, end)
        speaker = self.speakers.who(match.end(), last, at=start)
        tail = self.masked[last:end].strip(" .")
        if not self.masked[: match.start()].rstrip().endswith(",") and not tail:
            return self._clause("according", speaker or "", start, match.start(), whole=True)
        if tail and not re.match(r"(?:qui|who|which|dont|where|où|,)", self.masked[last:end].strip(" ,")):
            return self._clause("according", speaker or "", start, end, whole=True)
        return self._clause("according", speaker or "", start, match.start())

    def _reported(self, start: int, end: int) -> list[Quote]:
        """X said that clause. / X affirme vouloir … / Clause, X said. A denial keeps its verb: X "denied that clause"."""
        if self.masked[start:end].rstrip().endswith("?"):
            return []
        for match in self.speech.reported.finditer(self.masked, start, end):
            lead = self.masked[start : match.start()]
            if not lead.strip() or self.speech.negated.search(lead) or self.speech.nobody.search(lead.rstrip(" ,")):
                continue
            if re.search(r",\s*$", lead) and not re.search(
                r"[A-ZÀ-Þ][^,]*,[^,]*,\s*$|,\s*(?:lui|elle|eux)\s*,\s*$|^[A-ZÀ-Þ][^,]+,[^,]+,\s*$", lead
            ):
                continue
            if re.search(rf"{self.speech.grammar.says}\s+(?:pas|jamais|rien|plus)\b", match[0]):
                continue
            subject = self.speakers.subject(start, match.start(), at=start)
            if subject is None:
                continue
            denied = match.start("denial")
            return self._clause("indirect", subject, match.end() if denied < 0 else denied, end)
        return self._said_behind(start, end)

    def _said_behind(self, start: int, end: int) -> list[Quote]:
        """Clause, a déclaré X. / Clause, X said."""
        sentence = self.masked[start:end]
        for comma in reversed(
            [match.start() for match in re.finditer(r",\s", sentence) if match.start() > len(sentence) - WINDOW]
        ):
            tail = sentence[comma + 1 :]
            verb = self.speech.says.search(tail)
            if verb is None or self.speech.negated.search(tail[: verb.start()]) or len(sentence[:comma].split()) < SHORTEST:
                continue
            lead = tail[: verb.start()].strip()
            base = start + comma + 1
            rest = tail[verb.end() :].strip(" .")
            if not lead or re.fullmatch(r"(?:lui|leur|me|nous)", lead):
                words = re.match(r"[^,.:;]*", rest)
                opening = words[0] if words else ""
                inverted = _INVERTED.search(verb[0])
                if not inverted and not self._opens_a_subject(opening):
                    continue
                who = (
                    self.speakers.who(base + verb.start(), base + verb.end(), at=start)
                    if inverted
                    else self._behind(base + verb.end(), end, start)
                )
                if not who and _SUBJECT_AND_ASIDE.fullmatch(sentence[:comma]):
                    return []
                return self._clause("indirect", who or "", start, start + comma, whole=True)
            # "Clause, X said." with nothing but a time or place behind.
            if (
                len(lead.split()) <= 6
                and not re.search(r"\b(?:and|or|et|who|qui|that|que)\b", lead)
                and len(rest.split()) <= 6
                and "," not in rest
                and (not rest or re.match(rf"{self.speech.grammar.between}\b", rest))
            ):
                who = self.speakers.subject(base, base + verb.start(), at=start)
                if who is not None and (who or re.match(r"(?:he|she|they|the|an?|one)\b", lead)):
                    return self._clause("indirect", who, start, start + comma, whole=True)
        return []

    @staticmethod
    def _opens_a_subject(words: str) -> bool:
        return bool(
            re.match(
                r"\s*(?:[A-ZÀ-Þ]|(?:le|la|les|un|une|sa|son|ses|the|an?|one|its|his|her)\s|l['’]|(?:\w+\s+){1,2}[A-ZÀ-Þ])", words
            )
        )

    def _behind(self, first: int, end: int, at: int) -> str | None:
        """The subject behind a verb, or the name that stands beside its role."""
        stop = re.compile(r"[,.:;!?]").search(self.masked, first, end)
        last = stop.start() if stop else end
        who = self.speakers.who(first, last, at=at)
        if not who and stop and stop[0] == ",":
            beside = re.compile(r",\s*([A-ZÀ-Þ][^,.:;!?]{2,60})").match(self.masked, stop.start())
            if beside:
                return self.speakers.who(beside.start(1), beside.end(1), at=at)
        return who

    def _clause(self, kind: QuoteKind, speaker: str, start: int, end: int, *, whole: bool = False) -> list[Quote]:
        """A clause as a quote, ended where the reporter goes on (", mais …"); nothing where it is too short."""
        stop = None if whole else _CLAUSE_END.search(self.masked, start + 8, max(end, start + 8))
        quote = self._quote(kind, speaker, start, min(end, stop.start()) if stop else end)
        return [quote] if len(quote.text.split()) >= SHORTEST else []

    def _quote(self, kind: QuoteKind, speaker: str, start: int, end: int) -> Quote:
        words = self.text[start:end]
        start += len(words) - len(words.lstrip(" ,:\n\u00a0\u202f"))
        words = self.text[start:end].rstrip(" ,;:\n\u00a0\u202f")
        if kind != "direct":
            words = words.rstrip(".!… ")
        return Quote(speaker, words, start, start + len(words), kind)
