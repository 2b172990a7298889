"""Press that nobody wrote: articles in five languages with a Zipf vocabulary, sources, topics, stances, entities and stories.

The same seed gives the same articles. What the benchmarks look for is built in: sources and entities follow Zipf's law, weekends are
quiet, now and then a story is retold by several outlets, and in known weeks an entity rises.

    python -m benchmarks.synthetic 1000 > articles.jsonl
"""

import argparse
import json
import sys
from bisect import bisect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from vigie.archive import StoredArticle
from vigie.article import (
    Article,
    Entity,
    Labels,
    Published,
    Sentence,
    Stance,
    StanceLabel,
    TopicLabel,
    article_id,
)
from vigie.watch import Source, Subject, Topic, Watch

LANGUAGES = {"fr": 0.35, "en": 0.30, "de": 0.15, "es": 0.12, "it": 0.08}
COUNTRIES = {"fr": "FR", "en": "US", "de": "DE", "es": "ES", "it": "IT"}
SOURCES = 100
OWNERS = 40
VOCABULARY = 40_000  # word forms of a language
ENTITIES = 20_000
TOPIC_WORDS = {
    "performance": ("benchmark", "latency", "throughput", "performances", "vitesse", "leistung", "rendimiento", "prestazioni"),
    "data": ("dataset", "données", "datos", "dati", "daten", "privacy", "consent", "confidentialité"),
    "gpus": ("gpu", "nvidia", "cuda", "accelerator", "puces", "chips", "hopper", "blackwell"),
}
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
WEEKS = 104
RETOLD = 0.3  # of all articles tell a story that another article tells too

_ENDINGS = {
    "fr": ("", "s", "e", "es", "ment", "ation", "eur"),
    "en": ("", "s", "ed", "ing", "er", "ation", "ly"),
    "de": ("", "en", "er", "ung", "lich", "heit", "e"),
    "es": ("", "s", "os", "as", "ción", "mente", "ar"),
    "it": ("", "i", "o", "a", "zione", "mente", "are"),
}
# The most frequent words of each language: four words in ten of any text.
_FUNCTION_WORDS = {
    "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec ont mais comme",
    "en": "the of and to in a is that for it was on are as with be by at have from this has or an but not they which their will",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach",
    "es": "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha este sí",
    "it": "di che e la il un a per in una non è sono da del le si dei con come ma della al più anche i o alla ha gli",
}
_SYLLABLES = "ba ko ri ven tal mor del sun gra pix lo za ne or fin tec qua ly ber sto mé ça un fo"


class Press:
    """A watch and the articles of its sources."""

    def __init__(self, seed: int = 7) -> None:
        self._random = Random(seed)
        self._words = {language: self._vocabulary(language) for language in LANGUAGES}
        self._word_weights = _zipf(VOCABULARY, 1.0)
        self._entities = [f"{self._name()} {self._name()}" for _ in range(ENTITIES)]
        self._entity_weights = _zipf(ENTITIES, 0.9)
        self._source_weights = _zipf(SOURCES, 0.8)
        self.rising = {week: self._entities[-1 - week] for week in range(12, WEEKS, 4)}
        self.watch = self._watch()

    def _name(self) -> str:
        return "".join(self._random.choices(_SYLLABLES.split(), k=3)).capitalize()

    def _vocabulary(self, language: str) -> list[str]:
        """Words in the order of their frequency: the topics' own among the less frequent ones, inflected stems everywhere else."""
        words: dict[str, None] = dict.fromkeys(_FUNCTION_WORDS[language].split())
        while len(words) < VOCABULARY:
            stem = "".join(self._random.choices(_SYLLABLES.split(), k=self._random.choice((1, 2, 2, 3))))
            words.update(dict.fromkeys(stem + ending for ending in self._random.sample(_ENDINGS[language], 3)))
        return list(words)[:VOCABULARY]

    def word(self, language: str, rank: int) -> str:
        """The word of that frequency rank in a language."""
        return self._words[language][rank]

    def phrases(self) -> list[str]:
        """Pairs of frequent words, which stand beside each other by chance."""
        return [f"{words[0]} {words[rank]}" for words in self._words.values() for rank in (40, 60, 100)]

    def _watch(self) -> Watch:
        languages = list(LANGUAGES)
        shares = list(accumulate(LANGUAGES.values()))
        return Watch(
            name="synthetic",
            languages=tuple(languages),
            subjects=(Subject(id="deepseek", name="DeepSeek"),),
            topics=tuple(Topic(id=topic, label={"en": topic}, description={"en": topic}) for topic in TOPIC_WORDS),
            sources=tuple(
                Source(
                    id=f"source-{number}",
                    name=f"Source {number}",
                    home=f"https://source-{number}.example/",
                    feeds=(f"https://source-{number}.example/feed",),
                    language=(language := languages[bisect(shares, (number + 0.5) / SOURCES % 1)]),
                    country=COUNTRIES[language],
                    owner=f"owner-{number % OWNERS}",
                )
                for number in range(SOURCES)
            ),
        )

    def articles(
        self, number: int, *, words: int = 200, progress: Callable[[int], None] | None = None
    ) -> Iterator[StoredArticle]:
        """So many articles of about so many words, spread evenly over two years, in the order of their publication."""
        random = self._random
        story: tuple[str, int, tuple[str, ...]] = ("", 0, ())
        for at in range(number):
            day = at * WEEKS * 7 // number
            if (FIRST_DAY + timedelta(days=day)).weekday() >= 5 and random.random() < 0.5:
                day += 2
            instant = FIRST_DAY + timedelta(days=day, seconds=random.randrange(86_400))
            source = self.watch.sources[bisect(self._source_weights, random.random() * self._source_weights[-1])]
            url = f"{source.home}{instant:%Y/%m/%d}/{at}"
            identity = article_id(url)
            retold = story[1] > 0
            if not retold:
                copies = random.choice((2, 3, 4)) if random.random() < RETOLD / 2.4 else 1
                story = (identity, copies, self._named(day // 7))
            story_id, left, entities = story
            shared = retold or left > 1
            story = (story_id, left - 1, entities)
            yield self._article(identity, url, source, instant, story_id, shared, entities, words)
            if progress and at % 1000 == 999:
                progress(at + 1)

    def _named(self, week: int) -> tuple[str, ...]:
        random = self._random
        total = self._entity_weights[-1]
        named = [self._entities[bisect(self._entity_weights, random.random() * total)] for _ in range(6)]
        if week in self.rising and random.random() < 0.08:
            named.insert(0, self.rising[week])
        return tuple(dict.fromkeys(named))

    def _article(
        self,
        identity: str,
        url: str,
        source: Source,
        instant: datetime,
        story: str,
        shared: bool,
        entities: tuple[str, ...],
        words: int,
    ) -> StoredArticle:
        random = self._random
        topics = [topic for topic, share in (("performance", 0.25), ("data", 0.3), ("gpus", 0.15)) if random.random() < share]
        vocabulary, weights = self._words[source.language], self._word_weights
        length = max(20, int(random.gauss(words, words / 4)))
        text = [vocabulary[bisect(weights, random.random() * weights[-1])] for _ in range(length + 8)]
        for inserted in (*(random.choice(TOPIC_WORDS[topic]) for topic in topics for _ in range(3)), *entities[:3], "DeepSeek"):
            text[random.randrange(len(text))] = inserted
        body = " ".join(text[8:])
        evidence = (Sentence(" ".join(text[8:28]), 0, 0),)
        stances = tuple(
            StanceLabel("deepseek", topic, stance, round(random.uniform(-1, 1), 3), round(random.uniform(0.4, 1), 3), evidence)
            for topic in (None, *topics)
            for stance in (random.choices(tuple(Stance), (0.25, 0.4, 0.2, 0.15))[0],)
        )
        return StoredArticle(
            article=Article(
                id=identity, url=url, canonical_url=url, source=source.id, title=" ".join(text[:8]).capitalize(), text=body,
                published=Published(instant, 0, "second", "synthetic"), language=source.language,
            ),
            first_seen=instant.timestamp(),
            labels=Labels(
                article_id=identity, revision=1, language=source.language, analyser="synthetic", subjects=("deepseek",),
                entities=tuple(Entity(name, "organisation", 1) for name in entities),
                topics=tuple(TopicLabel(topic, 0.8) for topic in topics), stances=stances,
            ),
            story=story,
            reprint_of=None,
            story_size=2 if shared else 1,
        )  # fmt: skip


def _zipf(number: int, exponent: float) -> list[float]:
    """Cumulative weights of ranks."""
    return list(accumulate(1 / rank**exponent for rank in range(1, number + 1)))


def main() -> None:
    """Print articles as JSON lines: id, url, title, text, source, language, published, topics."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("number", type=int)
    parser.add_argument("--words", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    for stored in Press(options.seed).articles(
        options.number, words=options.words, progress=lambda done: print(done, file=sys.stderr)
    ):
        article = stored.article
        print(
            json.dumps(
                {
                    "id": article.id,
                    "url": article.url,
                    "title": article.title,
                    "text": article.text,
                    "source": article.source,
                    "language": article.language,
                    "published": article.published.instant.isoformat() if article.published else None,
                    "topics": [label.topic for label in stored.labels.topics] if stored.labels else [],
                },
                ensure_ascii=False,
            )
        )


if __name__ == "__main__":
    main()
