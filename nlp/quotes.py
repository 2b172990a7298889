"""Reported speech, verbatim with its place: in marks, in reported clauses, and as « selon X » ascribes it, with who is said to have spoken.

By rules over the words of :mod:`nlp.speech`: what stands in marks is blanked first, so that only the reporter's words are read for who speaks.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nlp.entities import Named, normal_name
from nlp.speech import Speech, speech_of
from vigie.article import Quote
from vigie.names import name_key

SHORTEST = 3  # words; fewer are coined words and scare quotes more often than speech
_LONGEST = 1200
_BLANK = "▮"
# Pairs of marks as the languages set them; straight ones close at the next. Single curly ones open after a space and close before one.
_PAIRS = re.compile(
    rf"«(?P<a>(?:[^«»]|«[^«»]{{1,{_LONGEST}}}»){{1,{_LONGEST}}})»|“(?P<b>[^“”\n]{{1,{_LONGEST}}})”|„(?P<c>[^„“”]{{1,{_LONGEST}}})[“”]|\"(?P<d>[^\"\n]{{1,{_LONGEST}}})\""
    rf"|»(?P<e>[^«»\n]{{1,{_LONGEST}}})«|(?<!\w)‘(?P<f>[^‘\n]{{12,{_LONGEST}}}?)’(?!\w)"
)
_SENTENCE_END = re.compile(
    r"(?<!\bM)(?<!\bMM)(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bMrs)(?<!\bSt)(?<!\bInc)(?<!\bCorp)(?<!\b[A-Z])(?<!\bEE)[.!?…]+[»”\"’]?(?=\s+[^\sa-zà-ÿ]|\s*$)|\n+"
)
_TITLES = re.compile(
    r"\b(?:livre|roman|film|chanson|rapport|ouvrage|essai|article|note|série|documentaire|pièce|album|intitulée?s?|titrée?s?|baptisée?s?|"
    r"surnommée?s?|dite?s?|mot|expression|formule|book|novel|film|song|report|series|paper|essay|titled|entitled|dubbed|so-called|note|"
    r"Roman|Buch|Film|Lied|Titel|Wort|novela|libro|película|palabra|romanzo|canzone|parola)s?[\s,:]*$"
)
_NAME_RUN = re.compile(r"[A-ZÀ-ÖØ-Þ][\w’'-]*\w(?:\s+(?:(?:d[eu]|van|von|di|del|da|la|le|el|bin)\s+)?[A-ZÀ-ÖØ-Þ][\w’'-]*\w){0,4}")
# After these a name belongs to what stands before it: a salesman of Huawei is not Huawei.
_OF = re.compile(
    r"(?:\b(?:de|du|des|of|at|from|for|in|by|to|on|à|au|aux|chez|avec|sur|dans|comme|pour|par|vers|with|like|unlike|after|before|von|bei|vom|beim|del|della|"
    r"dell['’]|di|en|al|dal|a)\s+|\bd['’]|\bof\s+)(?:(?:la|le|les|the|une?|an?|une|un|il|lo|el|los|las|der|die|das|dem|den)\s+|l['’])?"
    r"(?:[a-zà-ÿ][\w-]*\s+){0,2}$"
)
_CLAUSE_END = re.compile(r",?\s+(?:mais|tandis que|alors que|but|while|although|whereas|sino|aber|ma|mentre)\b|\s+[:;–—]\s|;|:\s")
_NO_NAMES = frozenset(
    [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ]
)
_INVERTED = re.compile(r"-(?:il|elle)s?\b")
_SUBJECT_END = re.compile(r"(?:^|\b)(?:que|that|dass|che|qui|who|which|lorsque|quand|when|if|si|wenn|because|parce)\s+")
_INDEFINITE = re.compile(
    r"^\W*(?:une?\s|an?\s|another\b|some\b|others?\b|certain(?:e?s)?\b|plusieurs\s|d['’]autres\b|l['’]une?\s|one\s|ein(?:e[mnrs]?)?\s|"
    r"una?\s|uno\s|un['’]|many\b|most\b|critics?\b|sources?\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Marked:
    """Words in marks. start, end: without the marks; outside: with them."""

    start: int
    end: int
    outside: tuple[int, int]


def find_quotes(text: str, named: Sequence[Named], language: str) -> tuple[Quote, ...]:
    """Quotes of at least three words in the order of the text, none within another; an unknown speaker is an empty name.

    named: where the text names people and organisations. A language without grammar (see :mod:`nlp.speech`) has direct quotes only.
    """
    return tuple(sorted(_Report(text, named, language).quotes(), key=lambda quote: quote.start))


class _Report:
    """A text in which one reads who says what."""

    def __init__(self, text: str, named: Sequence[Named], language: str) -> None:
        self.text = text
        self.language = language
        self.speech: Speech = speech_of(language)
        self.marked = [mark for mark in _marked(text) if len(text[mark.start : mark.end].split()) >= SHORTEST]
        self.masked = _blanked(text, self.marked)
        self.named = self._with_runs(named)
        self.last: tuple[str, int] = ("", -1)

    def quotes(self) -> list[Quote]:
        """All quotes; first the marked, since marked words are vouched for."""
        found: list[Quote] = []
        for start, end in self._sentences():
            here = [mark for mark in self.marked if start <= mark.outside[0] < end]
            made = self._direct(here, start, end) or self._ascribed(start, end) or self._reported(start, end)
            found += made
            if made and made[-1].speaker:
                self.last = (made[-1].speaker, made[-1].end)
        return found

    def _sentences(self) -> Iterator[tuple[int, int]]:
        start = 0
        for match in _SENTENCE_END.finditer(self.masked):
            if self.masked[start : match.end()].strip():
                yield start + len(self.masked[start:]) - len(self.masked[start:].lstrip()), match.end()
            start = match.end()
        if self.masked[start:].strip():
            yield start + len(self.masked[start:]) - len(self.masked[start:].lstrip()), len(self.text)

    # Words in marks

    def _direct(self, marks: Sequence[_Marked], start: int, end: int) -> list[Quote]:
        quotes: list[Quote] = []
        previous: _Marked | None = None
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
                self.last = (speaker, mark.end)
        return [quote for quote in quotes if len(quote.text.split()) >= 2]

    def _continues(self, previous: _Marked, mark: _Marked) -> bool:
        return not re.search(r"[.!?]\s", self.masked[previous.outside[1] : mark.outside[0]])

    def _incise(self, mark: _Marked) -> tuple[int, int, int, int] | None:
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

    def _parted_by(self, mark: _Marked) -> str | None:
        incise = self._incise(mark)
        return None if incise is None else self._who(incise[1], incise[2], at=mark.start) or ""

    def _parts(self, mark: _Marked) -> list[tuple[int, int]]:
        incise = self._incise(mark)
        if incise is None:
            return [(mark.start, mark.end)]
        return [part for part in ((mark.start, incise[0]), (incise[3], mark.end)) if self.text[slice(*part)].strip(" ,.")]

    def _speaker_of(self, mark: _Marked, start: int, end: int) -> str | None:
        """Who says the words in marks; empty: somebody unnamed; None: nothing shows that they are said."""
        if _TITLES.search(self.masked[max(start, mark.outside[0] - 40) : mark.outside[0]]):
            return None
        for read in (self._said_after, self._said_before, self._ascribed_around, self._after_colon):
            speaker = read(mark, start, end)
            if speaker is not None:
                return speaker
        alone = not self.masked[start : mark.outside[0]].strip() and re.match(
            r"\s*[.!?…]?\s*(?:$|[\nA-ZÀ-Þ«“\"])", self.masked[mark.outside[1] :]
        )
        if alone and (self.text[mark.end - 1] in ".!?…" or self.masked[mark.outside[1] :].lstrip()[:1] in (".", "", "\n")):
            return self._who_before(mark.outside[0])
        return None

    def _said_after(self, mark: _Marked, _start: int, _end: int) -> str | None:
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
            return self._who(base + verb.start(), base + verb.end(), at=mark.start)
        if lead:
            # Another remark in between means that the verb governs something else.
            opening = re.match(r"^[\s,.»”\"’]*", after)
            first = opening.end() if opening else 0
            if after[:first].strip() == "" and not re.match(r"\s*$", after[:first]) and lead[:1].islower():
                return None
            closed = after[: verb.start()].count(",") <= 3 and len(lead.split()) <= 12
            return self._who(base + first, base + verb.start(), at=mark.start) if closed else None
        stop = re.compile(r"[,.:;!?«“\"▮]|\s(?:who|qui|lors|when)\b").search(after, verb.end())
        window = stop.start() if stop else len(after)
        speaker = self._who(base + verb.end(), base + window, at=mark.start)
        if not speaker and stop and stop[0] == ",":
            # « lui a répondu le ministre, Denis Poulenard »: the name stands beside the role.
            beside = re.compile(r",\s*([A-ZÀ-Þ][^,.:;!?«“\"▮]{2,60})").match(after, stop.start())
            if beside and not _INDEFINITE.match(after[verb.end() : window].strip()):
                return self._who(base + beside.start(1), base + beside.end(1), at=mark.start) or ""
        return speaker if speaker is not None else ""

    def _said_before(self, mark: _Marked, start: int, _end: int) -> str | None:
        """X a déclaré : « … » / X said that "…" / X y voit « … »"""
        before = self.masked[start : mark.outside[0]]
        before = before[before.rfind(_BLANK) + 1 :].lstrip('»”"’.!?… ') if _BLANK in before else before
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
            return self._who(base + verb.end(), mark.outside[0], at=mark.start)
        if self.speech.nobody.search(lead.rstrip(" ,")):
            return None
        return self._subject(base, base + verb.start(), at=mark.start) or ""

    def _ascribed_around(self, mark: _Marked, start: int, end: int) -> str | None:
        """Selon X, « … » / « … », selon X"""
        pour = re.compile(r"(?:Pour|Für|Para|Per|For)\s+(?P<who>[^▮]+)$").match(
            self.masked[start : mark.outside[0]].rstrip(' ,:«“"„')
        )
        if pour:
            return self._who(start + pour.start("who"), start + pour.end("who"), at=mark.start)
        for first, last in ((start, mark.outside[0]), (mark.outside[1], end)):
            for match in self.speech.according.finditer(self.masked, first, last):
                stop = re.compile(r"[,.:;«“\"▮]").search(self.masked, match.end(), last)
                return self._who(match.end(), stop.start() if stop else last, at=mark.start) or ""
        return None

    def _after_colon(self, mark: _Marked, start: int, _end: int) -> str | None:
        """X : « … », and any sentence that ends in a colon before the marks."""
        before = self.masked[start : mark.outside[0]]
        if not before.rstrip().endswith(":"):
            after = self.masked[mark.outside[1] : mark.outside[1] + 60]
            match = re.match(r"\s*:\s*(?:ainsi\s+)?(?P<who>[A-ZÀ-Þ][^,.:;▮\n]{2,50})", after)
            return (
                self._who(mark.outside[1] + match.start("who"), mark.outside[1] + match.end("who"), at=mark.start)
                if match
                else None
            )
        if _INDEFINITE.match(before):
            return ""
        return self._who(start, start + len(before), at=mark.start) or self._who_before(start) or ""

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
                name = next((one for one in self.named if match.end() <= one.start <= match.end() + 5), None)
                if name is None:
                    return []
                last = name.end
            speaker = self._who(match.end(), last, at=start)
            return self._clause("according", speaker or "", last, end)
        speaker = self._who(match.end(), last, at=start)
        tail = self.masked[last:end].strip(" .")
        if not self.masked[: match.start()].rstrip().endswith(",") and not tail:
            return self._clause("according", speaker or "", start, match.start(), whole=True)
        if tail and not re.match(r"(?:qui|who|which|dont|where|où|,)", self.masked[last:end].strip(" ,")):
            return self._clause("according", speaker or "", start, end, whole=True)
        return self._clause("according", speaker or "", start, match.start())

    def _reported(self, start: int, end: int) -> list[Quote]:
        """X said that clause. / X affirme vouloir … / Clause, X said."""
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
            subject = self._subject(start, match.start(), at=start)
            if subject is None:
                continue
            return self._clause("indirect", subject, match.end(), end)
        return self._said_behind(start, end)

    def _said_behind(self, start: int, end: int) -> list[Quote]:
        """Clause, a déclaré X. / Clause, X said."""
        sentence = self.masked[start:end]
        for comma in reversed([match.start() for match in re.finditer(r",\s", sentence)]):
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
                    self._who(base + verb.start(), base + verb.end(), at=start)
                    if inverted
                    else self._behind(base + verb.end(), end, start)
                )
                return self._clause("indirect", who or "", start, start + comma)
            # "Clause, X said." with nothing but a time or place behind.
            if (
                len(lead.split()) <= 6
                and not re.search(r"\b(?:and|or|et|who|qui|that|que)\b", lead)
                and len(rest.split()) <= 6
                and "," not in rest
            ):
                who = self._subject(base, base + verb.start(), at=start)
                if who is not None and (who or re.match(r"(?:he|she|they|the|an?|one)\b", lead)):
                    return self._clause("indirect", who, start, start + comma)
        return []

    def _opens_a_subject(self, words: str) -> bool:
        return bool(
            re.match(
                r"\s*(?:[A-ZÀ-Þ]|(?:le|la|les|un|une|sa|son|ses|the|an?|one|its|his|her)\s|l['’]|(?:\w+\s+){1,2}[A-ZÀ-Þ])", words
            )
        ) and not self._is_small_name(words)

    @staticmethod
    def _is_small_name(words: str) -> bool:
        return False if not words else words.strip().lower() in _NO_NAMES

    def _behind(self, first: int, end: int, at: int) -> str | None:
        """The subject behind a verb, or the name that stands beside its role."""
        stop = re.compile(r"[,.:;!?]").search(self.masked, first, end)
        last = stop.start() if stop else end
        who = self._who(first, last, at=at)
        if not who and stop and stop[0] == ",":
            beside = re.compile(r",\s*([A-ZÀ-Þ][^,.:;!?]{2,60})").match(self.masked, stop.start())
            if beside:
                return self._who(beside.start(1), beside.end(1), at=at)
        return who

    def _clause(self, kind: str, speaker: str, start: int, end: int, *, whole: bool = False) -> list[Quote]:
        """A clause as a quote, ended where the reporter goes on (", mais …"); nothing where it is too short."""
        stop = None if whole else _CLAUSE_END.search(self.masked, start + 8, max(end, start + 8))
        quote = self._quote(kind, speaker, start, min(end, stop.start()) if stop else end)
        return [quote] if len(quote.text.split()) >= SHORTEST else []

    def _quote(self, kind: str, speaker: str, start: int, end: int) -> Quote:
        words = self.text[start:end]
        start += len(words) - len(words.lstrip(" ,:\n\u00a0\u202f"))
        words = self.text[start:end].rstrip(" ,;:\n\u00a0\u202f")
        if kind != "direct":
            words = words.rstrip(".!… ")
        return Quote(speaker, words, start, start + len(words), kind)  # type: ignore[arg-type]  # one of three literals

    # Who it is

    def _with_runs(self, named: Sequence[Named]) -> list[Named]:
        """What is named, and runs of capitals that were not seen as names: full names at least, and last names of those."""
        runs = []
        for match in _NAME_RUN.finditer(self.masked):
            words = match[0].split()
            opens = match.start() == 0 or self.masked[: match.start()].rstrip()[-1:] in ("", ".", "!", "?", "\n", ":")
            # A single capital tells nothing at the start of a sentence, nor in German.
            if len(words) == 1 and (opens or self.language == "de"):
                continue
            if (
                not any(one.start < match.end() and match.start() < one.end for one in named)
                and name_key(match[0]) not in _NO_NAMES
            ):
                runs.append(Named(normal_name(match[0]), "other", match.start(), match.end()))
        full: dict[str, set[str]] = {}
        for one in (*named, *runs):
            words = one.name.split()
            if one.kind != "place" and 2 <= len(words) <= 4:
                parts = (" ".join(words[1:]), words[0], words[-1]) if one.kind in ("person", "other") else (words[-1],)
                for part in parts:
                    full.setdefault(part, set()).add(one.name)
        every = sorted((*named, *runs), key=lambda one: one.start)
        return [
            replace(one, name=next(iter(full[one.name])), kind="person" if one.kind == "other" else one.kind)
            if len(full.get(one.name, ())) == 1
            else one
            for one in every
        ]

    def _subject(self, start: int, end: int, *, at: int) -> str | None:
        """Who is the subject of a verb at end; None where nobody is, empty where somebody unnamed is."""
        lead = self.masked[start:end]
        opening = list(_SUBJECT_END.finditer(lead))
        if opening and lead[opening[-1].end() :].strip():
            start += opening[-1].end()
        elif opening:
            end = start + opening[-1].start()
        if not self.masked[start:end].strip(" ,"):
            return None
        return self._who(start, end, at=at) or ""

    def _who(self, start: int, end: int, *, at: int) -> str | None:
        """Who is meant by the words of a span: a name, a pronoun's or a role's bearer; empty or None: nobody who is named."""
        words = self.masked[start:end]
        grammar = self.speech.grammar
        inside = [one for one in self.named if start <= one.start and one.end <= end and one.kind != "place"] or [
            one for one in self.named if start <= one.start and one.end <= end
        ]
        first_hand = [one for one in inside if not _OF.search(self.masked[start : one.start])]
        if first_hand and _INDEFINITE.match(words.strip()):
            first_hand = [one for one in first_hand if one.kind == "person" or " " in one.name]
        if first_hand:
            return min(first_hand, key=lambda one: (one.kind != "person", one.start)).name
        for one in inside:
            if one.kind == "person" and not _INDEFINITE.match(words.strip()):
                return one.name
        if inside and re.search(rf"\b{grammar.spokesperson}", words):
            return inside[0].name
        if inside and (re.match(rf"\W*{grammar.plural}\b", words) or re.search(rf"\b{grammar.report}\b", words)):
            return inside[0].name
        if _INDEFINITE.match(words.strip()):
            return ""
        if pronoun := re.search(rf"(?:^|[\s-])(?P<she>{grammar.she})s?\b|(?:^|[\s-])(?P<he>{grammar.he})s?\b", words):
            return self._bearer(at, she=pronoun["she"] is not None)
        return self._role(words, at) or self._unseen_name(words)

    def _unseen_name(self, words: str) -> str:
        """A single capitalised word that nobody saw as a name, since it begins a sentence; plurals are no names."""
        word = words.strip(" ,")
        if not _NAME_RUN.fullmatch(word) or " " in word or word.endswith("s") or self.speech.nobody.search(word):
            return ""
        full = {one.name for one in self.named if one.name.endswith(f" {word}")}
        return next(iter(full)) if len(full) == 1 else word

    def _bearer(self, at: int, *, she: bool) -> str:
        """Whom a pronoun means: who spoke last, else the one person named before, else the one named just behind."""
        people = [one for one in self.named if one.kind in ("person", "other") and self._may_be(one, she=she)]
        before = [one for one in people if one.end <= at]
        if self.last[0] and 0 <= at - self.last[1] <= 300:
            between = {one.name for one in before if one.start >= self.last[1] and one.kind == "person"}
            spoke = [one for one in people if one.name == self.last[0]]
            if spoke and between <= {self.last[0]}:
                return self.last[0]
        persons = [one for one in before if one.kind == "person"] or before
        near = {one.name for one in persons if at - one.end <= 300}
        if len(near) == 1:
            return next(iter(near))
        if not near:
            after = [one for one in people if one.start >= at and one.start - at <= 300 and " " in one.name]
            return after[0].name if len({one.name for one in after}) == 1 else ""
        # Of several, the subject of the sentence before: the first name in it.
        return ""

    def _may_be(self, one: Named, *, she: bool) -> bool:
        """Whether nothing around a name speaks against a pronoun: a title, or the gender of the role before or behind it."""
        before, after = self.text[max(0, one.start - 40) : one.start], self.text[one.end : one.end + 40]
        female = re.search(
            r"(?:\bMme|\bMrs\.?|\bMs\.?|\bMiss|\bMadame|\bFrau)\s+$|\b(?:la|sa|une)\s+\w+,?\s+$", before
        ) or re.match(r",\s+(?:la\s|une\s|\w+(?:trice|euse|ienne|ière|esse)\b)", after)
        male = re.search(r"(?:\bM\.|\bMr\.?|\bMonsieur|\bHerr)\s+$|\b(?:le|un)\s+\w+(?:\s+\w+)?,?\s+$", before)
        return not (male if she else female)

    def _role(self, words: str, at: int) -> str:
        """Whom « la ministre » means: the one whose name stands beside that role; « le régulateur »: the house that spoke last."""
        nouns = [word.lower() for word in re.findall(r"[^\W\d_]{5,}", words)]
        if not nouns or not re.match(
            r"\W*(?:l[ea]s?\s|l['’]|the\s|der\s|die\s|el\s|il\s|lo\s|cette?\s|ce\s|this\s|sa\s|son\s)",
            words.strip() + " ",
            re.IGNORECASE,
        ):
            return ""
        noun = nouns[0]
        if self.last[0] and re.fullmatch(self.speech.grammar.house, noun):
            return self.last[0] if self._kind_of(self.last[0]) == "organisation" else ""
        bearers = {
            one.name
            for one in self.named
            if one.kind in ("person", "other")
            and " " in one.name
            and (
                re.search(rf"\b{noun}\b[^.!?▮]{{0,40}}$", self.masked[max(0, one.start - 70) : one.start], re.IGNORECASE)
                or re.match(rf",[^.!?▮]{{0,15}}\b{noun}\b", self.masked[one.end : one.end + 60], re.IGNORECASE)
            )
        }
        if len(bearers) == 1:
            return next(iter(bearers))
        # « L'avocat », « The consultant » right after who spoke: another role of the same person.
        people = {one.name for one in self.named if one.end <= at and one.kind == "person"}
        if (
            self.last[0]
            and people == {self.last[0]}
            and at - self.last[1] <= 60
            and not re.fullmatch(self.speech.grammar.house, noun)
        ):
            return self.last[0]
        return ""

    def _kind_of(self, name: str) -> str:
        return next((one.kind for one in self.named if one.name == name), "")

    def _who_before(self, at: int) -> str:
        """The one person whom the sentence before names, or who spoke there."""
        before = self.masked[:at].rstrip()
        start = max((match.end() for match in _SENTENCE_END.finditer(before[:-1])), default=0)
        names = {
            one.name for one in self.named if start <= one.start < at and one.kind in ("person", "other") and " " in one.name
        }
        if len(names) == 1:
            return next(iter(names))
        return self.last[0] if self.last[1] >= start else ""


def _marked(text: str) -> Iterator[_Marked]:
    for match in _PAIRS.finditer(text):
        group = next(name for name in "abcdef" if match[name] is not None)
        inner = match[group]
        start = match.start(group) + len(inner) - len(inner.lstrip(" \n\u00a0\u202f,"))
        end = match.end(group) - len(inner) + len(inner.rstrip(" \n\u00a0\u202f,"))
        if start < end:
            yield _Marked(start, end, match.span())


def _blanked(text: str, marks: Sequence[_Marked]) -> str:
    """The text with the words in marks blanked, the marks and the last stop in them kept; offsets stay."""
    pieces, at = [], 0
    for mark in marks:
        end = mark.end - 1 if text[mark.end - 1] in ".!?…" else mark.end
        pieces += [text[at : mark.start], _BLANK * (end - mark.start)]
        at = end
    return "".join([*pieces, text[at:]])
