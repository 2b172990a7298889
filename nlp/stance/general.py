"""Stance with any sentence embedding model: the same three looks at a text, sentence by sentence.

Such a model was not made for stance; a head is trained for it by ``vigie learn --model NAME``. Until then its stances come from
prototype sentences and are not calibrated.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from nlp.background import Floats, centred_vectors
from nlp.stance.head import CRITICAL, NEUTRAL, SUPPORTIVE, Head
from nlp.stance.views import LEAD, View

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

LOOKS = 3
# How sharply a topic's look prefers the sentences near to it, in units of cosine.
SHARPNESS = 0.1


class SentenceLooks:
    """Features of views under a sentence embedding model: means of its sentence vectors, by three looks.

    The looks are the whole text, the sentences that name the subject (none: all), and those that answer the question: near to the
    topic, or for the stance over all the title and the lead.
    """

    def __init__(self, model: "SentenceTransformer", name: str, *, batch: int) -> None:
        self._model, self._name, self._batch = model, name, batch

    def parts(self, views: Sequence[View], topics: Sequence[Sequence[Floats | None]]) -> list[list[Floats]]:
        """For each view and question what each sentence adds to the features: (sentences, LOOKS · dimension)."""
        texts = [sentence.text for view in views for sentence in view.sentences]
        vectors = centred_vectors(self._model, self._name, texts, batch=self._batch)
        made, at = [], 0
        for view, asked in zip(views, topics, strict=True):
            own = vectors[at : at + len(view.sentences)]
            at += len(view.sentences)
            looks = [np.stack([_whole(view), _naming(view), _answering(view, own, topic)]) for topic in asked]
            made.append([(look.T[:, :, None] * own[:, None]).reshape(len(own), -1) for look in looks])
        return made


def _whole(view: View) -> Floats:
    return np.full(len(view.sentences), 1 / len(view.sentences), np.float32)


def _naming(view: View) -> Floats:
    names = [any(start <= mention < end for mention, _ in view.mentions) for start, end in view.places]
    return np.asarray(np.array(names) / max(sum(names), 1), np.float32) if any(names) else _whole(view)


def _answering(view: View, vectors: Floats, topic: Floats | None) -> Floats:
    if topic is not None:
        return np.asarray(softmax(vectors @ topic / SHARPNESS), np.float32)
    first = np.zeros(len(view.sentences), np.float32)
    first[: LEAD + 1] = 1
    return np.asarray(first / first.sum(), np.float32)


# How articles that support or criticise somebody sound: what stands in for a head that was never trained.
PROTOTYPES = {
    CRITICAL: (
        "The company is accused of serious failings and has given no convincing answer.",
        "L'entreprise est accusée de manquements graves et ne convainc personne.",
        "Dem Unternehmen werden schwere Versäumnisse vorgeworfen.",
        "La empresa recibe duras críticas por sus fallos.",
        "L'azienda è accusata di gravi mancanze.",
    ),
    NEUTRAL: (
        "The company announced the date and the price; opinions are divided.",
        "L'entreprise a annoncé la date et le prix ; les avis sont partagés.",
        "Das Unternehmen nannte Termin und Preis; die Meinungen gehen auseinander.",
        "La empresa anunció la fecha y el precio; las opiniones están divididas.",
        "L'azienda ha annunciato data e prezzo; i pareri sono divisi.",
    ),
    SUPPORTIVE: (
        "The company convinces with excellent work and is rightly praised.",
        "L'entreprise convainc par un travail remarquable, salué à juste titre.",
        "Das Unternehmen überzeugt mit hervorragender Arbeit und wird zu Recht gelobt.",
        "La empresa convence con un trabajo excelente y recibe elogios merecidos.",
        "L'azienda convince con un lavoro eccellente ed è giustamente lodata.",
    ),
}


def prototype_head(model: "SentenceTransformer", name: str) -> Head:
    """A head that compares what the looks see with prototype sentences; its confidence is not calibrated, NONE is never found."""
    dimension = model.get_embedding_dimension() or 0
    weight = np.zeros((4, LOOKS * dimension), np.float32)
    for stance, texts in PROTOTYPES.items():
        weight[stance] = np.tile(centred_vectors(model, name, texts).mean(axis=0), LOOKS)
    return Head(weight, np.array([-100.0, 0, 0, 0], np.float32))
