"""The stance of texts toward subjects, by the model that the watch names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from nlp.models import load_model
from nlp.stance import adapted, general
from nlp.stance.conclude import Conclusion, conclude
from nlp.stance.head import Floats, Head, Heads
from nlp.stance.views import View, part_of, passages_on
from nlp.topics import mean_prototype, prototypes
from vigie.watch import Topic

SHIPPED = "e5-small"
# The languages of the texts that the shipped head was learnt from and measured on (docs/model_card.md).
MEASURED = ("fr", "en", "de", "es", "it")
# Texts that go through the encoder together.
BATCH = 16


class Looks(Protocol):
    """What turns views into features, sentence by sentence."""

    def parts(self, views: Sequence[View], topics: Sequence[Sequence[Floats | None]]) -> list[list[Floats]]: ...


class StanceModel:
    """A model that reads stances: its looks at a text, its head, and the vectors of the topics that it is asked about.

    The shipped model has a trained head; another one has none until one is learnt for it, and is then not calibrated.
    """

    def __init__(self, name: str, topics: Sequence[Topic], *, learnt: Head | None = None, weights: Path = adapted.FILE) -> None:
        """weights: those of SHIPPED, where others than the shipped ones are judged."""
        self.name = name
        model = load_model(name)
        self._looks: Looks
        if name == SHIPPED:
            encoders, self.heads = adapted.load(weights)
            self._looks = adapted.AdaptedLooks(encoders, batch=BATCH)
        else:
            self._looks = general.SentenceLooks(model, name, batch=BATCH)
            head = general.prototype_head(model, name)
            self.heads = Heads(head, head)
        if learnt is not None:
            self.heads = Heads(learnt, self.heads.sentence if name == SHIPPED else learnt)
        self._learnt = learnt is not None
        self._topics = {topic.id: mean_prototype(prototypes(model, name, topic)) for topic in topics}

    def parts(self, asked: Sequence[tuple[View, Sequence[str | None]]]) -> list[list[Floats]]:
        """For each view and each of its questions (the id of a topic, None: over all) its features by sentence.

        Asked about several topics of a text, it reads for each of them its own passages once more, by themselves: half of the
        answer is what the whole text says on the topic, half what they say. The mean of features keeps the shares of sentences
        exact.
        """
        whole = self._looks.parts([view for view, _ in asked], [self._vectors(topics) for _, topics in asked])
        again = [
            (number, place, rows)
            for number, (view, topics) in enumerate(asked)
            for place, topic in enumerate(topics)
            if topic and (rows := passages_on(view, topic, [other for other in topics if other]))
        ]
        alone = self._looks.parts(
            [part_of(asked[number][0], rows) for number, _, rows in again],
            [self._vectors([asked[number][1][place]]) for number, place, _ in again],
        )
        for (number, place, rows), (of_passages,) in zip(again, alone, strict=True):
            both = whole[number][place] * np.float32(0.5)
            both[[*rows, *range(len(asked[number][0].sentences), len(both))]] += of_passages * np.float32(0.5)
            whole[number][place] = both
        return whole

    def is_calibrated(self, language: str) -> bool:
        """Whether this model has a trained head, and was measured on texts of a language; corrections count for none."""
        return language in MEASURED and (self._learnt or self.name == SHIPPED)

    def _vectors(self, topics: Sequence[str | None]) -> list[Floats | None]:
        return [None if topic is None else self._topics[topic] for topic in topics]

    def conclusions(self, asked: Sequence[tuple[View, Sequence[str | None]]]) -> list[dict[str | None, Conclusion]]:
        """For each view the conclusion on each of its questions."""
        return [
            {topic: conclude(part, self.heads.of(view), view) for topic, part in zip(topics, parts, strict=True)}
            for (view, topics), parts in zip(asked, self.parts(asked), strict=True)
        ]
