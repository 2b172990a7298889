"""That the shipped stance can be trained anew: one command, from texts to weights that the reader takes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from nlp.stance.reading import SHIPPED, StanceModel
from vigie.watch import load_watch

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_one_command_trains_two_encoders_on_articles_and_writes_weights_that_the_reader_takes(tmp_path: Path) -> None:
    file = tmp_path / "stance.npz"
    command = [sys.executable, "-m", "nlp.training.stance", "--articles", "60", "--out", str(file)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    over_all = [float(score) for score in re.findall(r"'over all': (0\.\d+)", run.stdout)]
    assert len(over_all) == 5, "after the first go, the second and a step back; the head alone, and the mean of the steps"
    assert min(over_all[1:]) > 0.35, "a guess reaches 0.33, one answer for all 0.17"
    assert file.stat().st_size < 8_000_000
    model = StanceModel(SHIPPED, load_watch(ROOT / "watches/deepseek.toml").topics, weights=file)
    assert model.heads.article.weight.shape[1] == 2 * 2304, "what both encoders see stands in one row"
    assert 0.1 < model.heads.article.temperature < 10
