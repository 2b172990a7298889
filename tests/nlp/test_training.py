"""That the shipped stance can be trained anew: one command, from texts to weights that the reader takes."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nlp.stance.reading import SHIPPED, StanceModel
from vigie.watch import load_watch

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_one_command_trains_two_encoders_on_articles_and_writes_weights_that_the_reader_takes(tmp_path: Path) -> None:
    corpus, file = tmp_path / "sentences.jsonl", tmp_path / "stance.npz"
    corpus.write_text("\n".join(json.dumps(one) for one in sentences(("train", 20), ("dev_rw", 5))), encoding="utf-8")
    command = [sys.executable, "-m", "nlp.training.stance", "--newsmtsc", str(corpus), "--articles", "24", "--out", str(file)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    losses = [float(loss) for loss in re.findall(r"loss (\d\.\d+)", run.stdout)]
    assert len(losses) == 1 + (4 + 3) + 4, "the sentences; two goes; four rounds of the other course"
    assert losses[4] < losses[1], losses
    assert losses[11] < losses[8], losses
    assert file.stat().st_size < 8_000_000
    model = StanceModel(SHIPPED, load_watch(ROOT / "watches/deepseek.toml").topics, weights=file)
    assert model.heads.article.weight.shape[1] == 2 * 2304, "what both encoders see stands in one row"
    assert all(0.1 < head.temperature < 10 and head.temperature != 1 for head in model.heads)


def sentences(*counts: tuple[str, int]) -> Iterator[dict[str, object]]:
    """Sentences about somebody in the form of NewsMTSC: for each split, so many praise, so many blame and so many tell."""
    said = {"positive": "saved the whole town", "negative": "ruined the whole town", "neutral": "arrived in the town"}
    for split, count in counts:
        for n in range(count):
            name = f"Mayor Number {n}"
            for label, did in said.items():
                text = f"On Monday {name} {did}."
                yield {"split": split, "text": text, "target": name, "start": 10, "end": 10 + len(name), "label": label}
