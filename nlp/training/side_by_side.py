"""Put the encoders of several files of weights side by side, and write nlp/weights/stance-e5-small.npz.

    python -m nlp.training.side_by_side FILE FILE ... --newsmtsc PATH/newsmtsc.jsonl [--out FILE]

Each file comes from nlp.training.stance. Their answers are averaged (deep ensembles, Lakshminarayanan et al. 2017, NeurIPS). That
helps where they were trained in different ways, and not where chance alone set them apart (docs/model_card.md). The temperatures
of both heads are fitted anew on dev.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from nlp.stance.adapted import FILE, load, save, stored
from nlp.stance.head import Floats, Heads, joined
from nlp.training.calibration import calibrate
from nlp.training.examples import Example, sentence_examples
from nlp.training.stance import BATCH, warmed
from vigie.watch import load_watch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--newsmtsc", type=Path, required=True, help="newsmtsc.jsonl, for the temperature of sentences")
    parser.add_argument("--watch", type=Path, default=Path("watches/deepseek.toml"), help="whose topics are asked")
    parser.add_argument("--out", type=Path, default=FILE)
    arguments = parser.parse_args()
    encoders, heads = [], []
    for file in arguments.files:
        corrections, own = stored(file)
        encoders += [{name: values.half().numpy() for name, values in one.items()} for one in corrections]
        heads.append(own)
    articles, sentences = (joined(of_one_kind) for of_one_kind in zip(*heads, strict=True))
    save(encoders, Heads(articles, sentences), arguments.out)
    tokenizer = load(arguments.out)[0][0].base.tokenizer
    judged = list(sentence_examples(arguments.newsmtsc, "dev_rw", tokenizer))
    sentences = warmed(sentences, _features(arguments.out, judged), np.array([one.answers[0][1] for one in judged]))
    save(encoders, Heads(articles, sentences), arguments.out)
    load.cache_clear()
    print("temperature of sentences", round(sentences.temperature, 3), "bytes", arguments.out.stat().st_size)
    calibrate(arguments.out, load_watch(arguments.watch))


@torch.inference_mode()
def _features(file: Path, examples: list[Example]) -> Floats:
    """What the encoders of a file see in sentences: (n, width of all)."""
    batches = [examples[n : n + BATCH] for n in range(0, len(examples), BATCH)]
    return np.concatenate(
        [
            torch.cat([encoder.features([one.tokens for one in some], [[None]] * len(some)) for some in batches]).numpy()
            for encoder in load(file)[0]
        ],
        axis=1,
    )


if __name__ == "__main__":
    main()
