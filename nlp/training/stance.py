"""Train the stance head on NewsMTSC (Hamborg and Donnay 2021, EACL; MIT licence) and write nlp/weights/stance-e5-small.npz.

    python -m nlp.training.stance PATH/newsmtsc.jsonl

Multinomial logistic regression over the features of nlp.stance_features, strongly regularised, chosen on the dev splits; the
standardisation is folded into the weights, and a temperature (Guo et al. 2017, ICML) is fitted on dev so that the probabilities
mean something. About three minutes on one core.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

from nlp.models import load_model
from nlp.stance_features import Floats, Targeted, features

CLASSES = ("negative", "neutral", "positive")  # the corpus' words for critical, neutral, supportive
WEIGHTS = Path(__file__).parent.parent / "weights" / "stance-e5-small.npz"
STRENGTHS = (3e-5, 1e-4, 3e-4)


def main(corpus: Path) -> None:
    rows = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()]
    model = load_model("e5-small")
    seen = {}
    for split in ("train", "dev_rw", "dev_mt"):
        chosen = [row for row in rows if row["split"] == split]
        items = [Targeted(row["text"], ((row["start"], row["end"]),)) for row in chosen]
        seen[split] = (features(model, items), np.array([CLASSES.index(row["label"]) for row in chosen]))
        print(split, len(chosen), flush=True)
    scaler = StandardScaler().fit(seen["train"][0])
    dev = {split: (scaler.transform(seen[split][0]), seen[split][1]) for split in ("dev_rw", "dev_mt")}
    best: tuple[float, Any] = (0.0, None)
    for strength in STRENGTHS:
        head = LogisticRegression(C=strength, max_iter=300, class_weight="balanced")
        head.fit(scaler.transform(seen["train"][0]), seen["train"][1])
        scores = {split: f1_score(gold, head.predict(found), average="macro") for split, (found, gold) in dev.items()}
        print(strength, {split: round(score, 4) for split, score in scores.items()}, flush=True)
        mean = sum(scores.values()) / len(scores)
        best = max(best, (mean, head), key=lambda pair: pair[0])
    _, head = best
    weight = head.coef_ / scaler.scale_
    bias = head.intercept_ - weight @ scaler.mean_
    both = np.concatenate([seen["dev_rw"][0], seen["dev_mt"][0]]), np.concatenate([seen["dev_rw"][1], seen["dev_mt"][1]])
    temperature = _fit_temperature(both[0] @ weight.T + bias, both[1])
    WEIGHTS.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        WEIGHTS, weight=weight.astype(np.float16), bias=bias.astype(np.float32), temperature=np.float32(temperature)
    )
    print("temperature", round(temperature, 3), "bytes", WEIGHTS.stat().st_size)


def _fit_temperature(logits: Floats, gold: Any) -> float:
    def loss(temperature: float) -> float:
        scaled = logits / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        log_probability = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return float(-log_probability[np.arange(len(gold)), gold].mean())

    return float(minimize_scalar(loss, bounds=(0.3, 5.0), method="bounded").x)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
