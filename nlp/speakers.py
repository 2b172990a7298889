"""Who is meant by the words that say who speaks: a name, a title and a name, a role, a house, a pronoun."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from nlp.entities import Named, normal_name
from nlp.speech import speech_of
from vigie.names import name_key

# How far from what is said one reads who says it, in characters.
WINDOW = 300
SENTENCE_END = re.compile(
    r"(?<!\bM)(?<!\bMM)(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bMrs)(?<!\bSt)(?<!\bInc)(?<!\bCorp)(?<!\b[A-Z])(?<!\bEE)[.!?…]+[»”\"’]?(?=\s+[^\sa-zà-ÿ]|\s*$)|\n+"
)
_NAME_RUN = re.compile(r"[A-ZÀ-ÖØ-Þ][\w’'-]*\w(?:\s+(?:(?:d[eu]|van|von|di|del|da|la|le|el|bin)\s+)?[A-ZÀ-ÖØ-Þ][\w’'-]*\w){0,4}")
# After these a name belongs to what stands before it: a salesman of Huawei is not Huawei.
_OF = re.compile(
    r"(?:\b(?:de|du|des|of|at|from|for|in|by|to|on|à|au|aux|chez|avec|sur|dans|comme|pour|par|vers|with|like|unlike|after|before|von|bei|vom|beim|del|della|"
    r"dell['’]|di|en|al|dal|a)\s+|\bd['’]|\bof\s+)(?:(?:la|le|les|the|une?|an?|une|un|il|lo|el|los|las|der|die|das|dem|den)\s+|l['’])?"
    r"(?:[a-zà-ÿ][\w-]*\s+){0,2}$"
)
_NO_NAMES = re.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|(?:septem|octo|novem|decem)ber"
)
_SUBJECT_END = re.compile(r"(?:^|\b)(?:que|that|dass|che|qui|who|which|lorsque|quand|when|if|si|wenn|because|parce)\s+")
# « Odile Marchetti, qui dirige le laboratoire, a déclaré »: a clause between commas, and then the verb of what stands before it.
_ASIDE = re.compile(r",\s+(?:qui|que|dont|who|which|whose|der|die|das|quien|che|cui)\s[^,]*,\s*$")
# « a tweeté Odile Marchetti » begins with no article.
INDEFINITE = re.compile(
    r"^\W*(?:une?\s|an?\s(?!\w+é\b)|another\b|some\b|others?\b|certain(?:e?s)?\b|plusieurs\s|d['’]autres\b|l['’]une?\s|one\s|ein(?:e[mnrs]?)?\s|"
    r"una?\s|uno\s|un['’]|many\b|most\b|critics?\b|sources?\b)",
    re.IGNORECASE,
)


class Speakers:
    """The people and houses of a text. blank: the text with the words in marks blanked; offsets are the same in both.

    last: who was last found speaking, and where those words end; the caller keeps it.
    """

    def __init__(self, text: str, blank: str, named: Sequence[Named], language: str) -> None:
        self.text = text
        self.masked = blank
        self.language = language
        self.grammar = speech_of(language).grammar
        self.named = self._with_runs([one for one in named if not self._is_small(one.name)])
        self.last: tuple[str, int] = ("", -1)

    def _with_runs(self, named: Sequence[Named]) -> list[Named]:
        """What is named, and runs of capitals that were not seen as names: full names at least, and last names of those."""
        runs = []
        for match in _NAME_RUN.finditer(self.masked):
            words = match[0].split()
            opens = self.masked[max(0, match.start() - 5) : match.start()].rstrip()[-1:] in ("", ".", "!", "?", "\n", ":")
            # A single capital tells nothing at the start of a sentence, nor in German.
            if len(words) == 1 and (opens or self.language == "de"):
                continue
            if len(words) == 1 and (len(words[0]) < 3 or self._is_small(words[0])):
                continue
            if not any(one.start < match.end() and match.start() < one.end for one in named) and not _NO_NAMES.fullmatch(
                name_key(match[0])
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

    def subject(self, start: int, end: int, *, at: int) -> str | None:
        """Who is the subject of a verb at end; None where nobody is, empty where somebody unnamed is."""
        lead = self.masked[start:end]
        if aside := _ASIDE.search(lead):
            lead, end = lead[: aside.start()], start + aside.start()
        opening = list(_SUBJECT_END.finditer(lead))
        if opening and lead[opening[-1].end() :].strip():
            start += opening[-1].end()
        elif opening:
            end = start + opening[-1].start()
        if not self.masked[start:end].strip(" ,"):
            return None
        return self.who(start, end, at=at) or ""

    def who(self, start: int, end: int, *, at: int) -> str | None:
        """Who is meant by the words of a span: a name, a pronoun's or a role's bearer; empty or None: nobody who is named."""
        words = self.masked[start:end]
        grammar = self.grammar
        inside = [one for one in self.named if start <= one.start and one.end <= end and one.kind != "place"] or [
            one for one in self.named if start <= one.start and one.end <= end
        ]
        first_hand = [
            one
            for one in inside
            if not _OF.search(self.masked[start : one.start]) and not re.match(r"['’]s?\s+[^\W_]", self.masked[one.end : end])
        ]
        if first_hand and INDEFINITE.match(words.strip()):
            first_hand = [one for one in first_hand if one.kind == "person" or " " in one.name]
        if first_hand:
            return min(first_hand, key=lambda one: (one.kind != "person", one.start)).name
        for one in inside:
            if one.kind == "person" and not INDEFINITE.match(words.strip()):
                return one.name
        if inside and re.search(rf"\b{grammar.spokesperson}", words):
            return inside[0].name
        if inside and (re.match(rf"\W*{grammar.plural}\b", words) or re.search(rf"\b{grammar.report}\b", words)):
            return inside[0].name
        if INDEFINITE.match(words.strip()):
            return ""
        if pronoun := re.search(rf"(?:^|[\s-])(?P<she>{grammar.she})s?\b|(?:^|[\s-])(?P<he>{grammar.he})s?\b", words):
            return self._bearer(at, she=pronoun["she"] is not None)
        return self._role(words, at) or self._unseen_name(words)

    def _unseen_name(self, words: str) -> str:
        """A single capitalised word that nobody saw as a name, since it begins a sentence; plurals are no names."""
        word = normal_name(words.strip(" ,"))
        if not _NAME_RUN.fullmatch(word) or len(word) < 3 or " " in word or word.endswith("s") or self._is_small(word):
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
        # Of several, none is safe.
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
        """Whom « la ministre » means: the one whose name stands beside that role; « le régulateur »: who spoke last."""
        nouns = [word.lower() for word in re.findall(r"[^\W\d_]{5,}", words)]
        if not nouns or not re.match(
            r"\W*(?:l[ea]s?\s|l['’]|the\s|der\s|die\s|el\s|il\s|lo\s|cette?\s|ce\s|this\s|sa\s|son\s)",
            words.strip() + " ",
            re.IGNORECASE,
        ):
            return ""
        noun = nouns[0]
        if self.last[0] and re.fullmatch(self.grammar.house, noun):
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
        if self.last[0] and people == {self.last[0]} and at - self.last[1] <= 60 and not re.fullmatch(self.grammar.house, noun):
            return self.last[0]
        return ""

    def _is_small(self, word: str) -> bool:
        """Whether a word is a function word of the language (They, Celles-ci)."""
        return re.split(r"['’-]", word.casefold())[0] in _small_words(self.language)

    def _kind_of(self, name: str) -> str:
        return next((one.kind for one in self.named if one.name == name), "")

    def before(self, at: int) -> str:
        """The one person whom the sentence before names, or who spoke there."""
        first = max(0, at - 2 * WINDOW)
        before = self.masked[first:at].rstrip()
        start = max((first + match.end() for match in SENTENCE_END.finditer(before[:-1])), default=first)
        names = {
            one.name for one in self.named if start <= one.start < at and one.kind in ("person", "other") and " " in one.name
        }
        if len(names) == 1:
            return next(iter(names))
        return self.last[0] if self.last[1] >= start else ""


@cache
def _small_words(language: str) -> frozenset[str]:
    """The function words of a language, by spaCy's lists."""
    from spacy.util import get_lang_class

    try:
        return frozenset(get_lang_class(language).Defaults.stop_words)
    except ImportError:  # spaCy does not know the language
        return frozenset()
