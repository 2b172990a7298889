"""Whether words of polarity, negation, hedges and attribution add anything to what the stance encoder sees of a text.

    python -m benchmarks.stance_parts

The last step, from features to a stance, is fitted on hard.jsonl, whose texts the encoder has never seen, drawn to the shipped
head: on the encoder's features alone, with each group of such parts beside them, and with all. How dear a change is is chosen
inside hard, whole articles held out. dev and compare judge, by the likeliest of the three stances. "gain": what is won over the
encoder alone, the mean of 20 bootstrap samples of the articles, of those learnt from and of those that judge, with its deviation.

Parts are asked of the sentences that name the subject (none: all), and of all. Polarities are SenticNet's (needs the package
senticnet), as they stand and with the sign turned where a negation depends on the word or on its head. The parse that tells this,
and the conditional mood, is there for French and English; in German, Spanish and Italian no sign is turned, and what is
conditional is known by its words, as negations and modal verbs are everywhere. nlp.speech knows attributions.
"""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import spacy
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.metrics import f1_score

from benchmarks.quality_labels import deepseek_watch
from benchmarks.quality_press import STANCES
from benchmarks.stance_baselines import polarities
from nlp.document import model_of
from nlp.learning import FOLDS, folds
from nlp.reader import Reader
from nlp.speech import speech_of
from nlp.stance.head import Floats, Head, fitted, standardised
from nlp.stance.views import View
from nlp.training.press import analysed, records

STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
# Parts are so much wider than features: to listen to them is less dear by the square of it.
STRETCH = 3.0
SAMPLES = 20
# The places of each group among the parts.
GROUPS = {"polarity words": (0, 1, 2, 3, 4, 5), "negation": (6,), "hedges": (7,), "attribution": (8, 9)}
NEGATIONS = {
    "fr": r"pas|jamais|rien|aucune?|sans|guère|ni",
    "en": r"not|n['’]t|no|never|without|neither|nor|nothing|none",
    "de": r"nicht|nichts|nie|niemals|kein\w*|ohne|weder",
    "es": r"no|nunca|jamás|sin|ning\w+|tampoco|nada|ni",
    "it": r"non|mai|senza|nessun\w*|né|nulla|niente",
}
HEDGES = {
    "fr": r"peu(?:t|vent)|doi(?:t|vent)|sembl\w+|paraît|peut-être|probablement",
    "en": r"would|['’]d|could|might|should|may|can|must|seems?|perhaps|possibly|probably|apparently|reportedly|allegedly",
    "de": r"soll(?:t?en|te)?|würd\w+|könn\w+|kann|dürf\w+|darf|müss\w+|muss|hätt\w+|wär\w*|seien|sei|habe|scheint|vielleicht|angeblich",
    "es": r"(?:pod|hab|tend|deb)\w*ría[ns]?|sería[ns]?|\w+[ai]ría[ns]?|puede\w*|debe\w*|parece\w*|quizás?|probablemente|supuestamente",
    "it": r"\w+rebbe(?:ro)?|può|possono|dev(?:e|ono)|sembra\w*|forse|probabilmente|presunt\w+",
}


class Questions(NamedTuple):
    """Questions by row: their articles, the true stances, the encoder's features, and the parts (rows, 2, 10)."""

    articles: NDArray[np.str_]
    gold: NDArray[np.int64]
    features: Floats
    parts: Floats

    def some(self, rows: NDArray[Any]) -> "Questions":
        return Questions(*(one[rows] for one in self))

    def sampled(self, chance: np.random.Generator) -> "Questions":
        """The questions about a bootstrap sample of the articles."""
        names, places = np.unique(self.articles, return_inverse=True)
        times = np.bincount(chance.integers(len(names), size=len(names)), minlength=len(names))
        return self.some(np.repeat(np.arange(len(places)), times[places]))


class Way(NamedTuple):
    """How a head is fitted: where it starts, the places of the parts that it sees, how dear a change is."""

    start: Head
    places: tuple[int, ...] = ()
    strength: float = 0.0

    def rows(self, asked: Questions) -> Floats:
        return np.hstack([asked.features, STRETCH * asked.parts[:, :, self.places].reshape(len(asked.gold), -1)])

    def taught(self, asked: Questions) -> Head:
        weight = np.pad(self.start.weight, ((0, 0), (0, 2 * len(self.places))))
        start = Head(weight, self.start.bias, self.start.temperature)
        return fitted(self.rows(asked), asked.gold + 1, start=start, strength=self.strength)

    def f1(self, head: Head, asked: Questions) -> float:
        found = head.logits(self.rows(asked))[:, 1:].argmax(axis=1)
        return float(f1_score(asked.gold, found, labels=range(len(STANCES)), average="macro"))

    def held_out_loss(self, asked: Questions) -> float:
        """How unlikely the true stances of articles are that were not learnt from."""
        fold, losses = folds(asked.articles.tolist()), np.zeros(len(asked.gold))
        for out in (fold == number for number in range(FOLDS)):
            head, judge = self.taught(asked.some(~out)), asked.some(out)
            odds = log_softmax(head.logits(self.rows(judge))[:, 1:] / head.temperature, axis=1)
            losses[out] = -odds[np.arange(len(odds)), judge.gold]
        return float(losses.mean())


def main() -> None:
    reader = Reader(deepseek_watch())
    found = [questions(reader, records(part)) for part in ("hard", "dev", "compare")]
    middle, spread = found[0].parts.mean(axis=0), found[0].parts.std(axis=0)
    hard, dev, compare = (one._replace(parts=((one.parts - middle) / spread).clip(-3, 3)) for one in found)
    both = Questions(*(np.concatenate(pair) for pair in zip(dev, compare, strict=True)))
    print(json.dumps(scores(hard, {"dev": dev, "compare": compare, "both": both}, reader.stance.heads.article), indent=2))


def scores(hard: Questions, judges: dict[str, Questions], shipped: Head) -> dict[str, dict[str, float]]:
    """Macro-F1 of every way on the judges, and its gain over the encoder alone on both."""
    groups = {"encoder alone": (), **GROUPS, "all": tuple(place for places in GROUPS.values() for place in places)}
    ways = {name: _best(hard, shipped, places) for name, places in groups.items()}
    chances = [np.random.default_rng(number) for number in range(SAMPLES)]
    samples = [(hard.sampled(chance), judges["both"].sampled(chance)) for chance in chances]
    by_sample = {name: [way.f1(way.taught(learnt), judge) for learnt, judge in samples] for name, way in ways.items()}
    by_sample["shipped head"] = [Way(shipped).f1(shipped, judge) for _, judge in samples]
    made = {"shipped head": {part: Way(shipped).f1(shipped, judge) for part, judge in judges.items()}}
    for name, way in ways.items():
        head = way.taught(hard)
        made[name] = {part: way.f1(head, judge) for part, judge in judges.items()}
        made[name] |= {"strength": way.strength, "held-out loss on hard": way.held_out_loss(hard)}
    for name, row in made.items():
        gains = np.array(by_sample[name]) - by_sample["encoder alone"]
        row |= {"gain": float(gains.mean()), "deviation": float(gains.std(ddof=1))}
    return {name: {what: round(figure, 4) for what, figure in row.items()} for name, row in made.items()}


def _best(hard: Questions, shipped: Head, places: tuple[int, ...]) -> Way:
    return min((Way(shipped, places, strength) for strength in STRENGTHS), key=lambda way: way.held_out_loss(hard))


def questions(reader: Reader, texts: Sequence[dict[str, Any]]) -> Questions:
    """The questions about texts that a stance answers, as reading sees them."""
    views = [view for _, view in analysed(reader, texts)]
    found = reader.stance.parts([(view, (None, *record["stances"])) for view, record in zip(views, texts, strict=True)])
    parts = _parts(views, [record["language"] for record in texts])
    answers = [(record["overall"], *record["stances"].values()) for record in texts]
    asked = [(n, place) for n, own in enumerate(answers) for place, stance in enumerate(own) if stance != "none"]
    return Questions(
        np.array([texts[n]["id"] for n, _ in asked]),
        np.array([STANCES.index(answers[n][place]) for n, place in asked]),
        standardised(np.stack([found[n][place].sum(axis=0) for n, place in asked])),
        np.stack([parts[n] for n, _ in asked]),
    )


def _parts(views: Sequence[View], languages: Sequence[str]) -> dict[int, Floats]:
    """By view the parts of the sentences that name the subject, and of all: (2, 10)."""
    made = {}
    for language in dict.fromkeys(languages):
        model, known = model_of(language), polarities(language)
        pipeline = spacy.load(model, exclude=["ner"]) if model else spacy.blank(language)
        chosen = [n for n, one in enumerate(languages) if one == language]
        docs = pipeline.pipe(sentence.text for n in chosen for sentence in views[n].sentences)
        for n in chosen:
            own = list(islice(docs, len(views[n].sentences)))
            names = [any(start <= at < end for at, _ in views[n].mentions) for start, end in views[n].places]
            naming = [doc for doc, name in zip(own, names, strict=True) if name]
            made[n] = np.array([list(_of(some, language, known)) for some in (naming or own, own)], np.float32)
    return made


def _of(docs: Sequence[Any], language: str, known: dict[str, float]) -> Iterator[float]:
    """The parts of some sentences, in the order of GROUPS."""
    tokens = [token for doc in docs for token in doc]
    words = [(token, known.get(token.lower_, known.get(token.lemma_.lower()))) for token in tokens]
    plain = [(token, polarity) for token, polarity in words if polarity is not None and not _negates(token, language)]
    turned = [-polarity if _is_negated(token, language) else polarity for token, polarity in plain]
    for some in ([polarity for _, polarity in plain] or [0.0], turned or [0.0]):
        yield from (float(np.mean(some)), min(some), max(some))
    yield sum(_negates(token, language) for token in tokens) / len(docs)
    yield sum("Cnd" in token.morph.get("Mood") or _is(HEDGES, language, token) for token in tokens) / len(docs)
    for pattern in (speech_of(language).according, speech_of(language).reported):
        yield sum(bool(pattern.search(doc.text)) for doc in docs) / len(docs)


def _is_negated(token: Any, language: str) -> bool:
    """Whether a negation depends on the word or on its head, or governs it ("without")."""
    if not token.dep_:  # of a text that was not parsed: spaCy crashes where it is asked for its neighbours
        return False
    own = (token.head, *(one for one in token.children if one.dep_ != "prep"))
    beside = [one for one in token.head.children if one.dep_ not in ("prep", "case") and token.dep_ != "conj"]
    return any(_negates(one, language) for one in (*own, *beside))


def _negates(token: Any, language: str) -> bool:
    return token.dep_ == "neg" or _is(NEGATIONS, language, token)


def _is(words: dict[str, str], language: str, token: Any) -> bool:
    return re.fullmatch(words[language], token.lower_) is not None


if __name__ == "__main__":
    main()
