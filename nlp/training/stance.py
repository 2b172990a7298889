"""Train the stance encoder and its head, and write nlp/weights/stance-e5-small.npz.

    python -m nlp.training.stance [--newsmtsc PATH/newsmtsc.jsonl] [--articles N] [--out FILE]

First, where the corpus is given, on the sentences of NewsMTSC (Hamborg and Donnay 2021, EACL; MIT licence), which teach polarity
toward a target; then on our own articles (benchmarks/press/train.jsonl; nlp.training.examples says how each round changes them),
with one in ten of those sentences mixed in. Corrections of low rank (LoRA, Hu et al. 2022), the looks and the head are trained;
the encoder itself stays as it is. Articles and sentences have a head each, with a temperature fitted on dev
(nlp.training.calibration). On two cores without AMX a round over all articles takes 9 minutes and NewsMTSC 7.
"""

import argparse
import math
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from torch import Tensor, nn

from nlp import packed
from nlp.e5 import PackedE5
from nlp.stance.adapted import FILE, StanceEncoder, save, stored
from nlp.stance.head import NONE, Floats, Head, Heads, fitted, fitted_temperature
from nlp.training.calibration import calibrate
from nlp.training.examples import STANCES, Example, Lessons, Questions, press_records, sentence_examples
from vigie.watch import load_watch

BATCH = 16
NEWS_EPOCHS, PRESS_EPOCHS = 1, 5
NEWS_KEPT = 0.1
SENTENCE_STRENGTH = 0.03
RATE, HEAD_RATE, WARM_UP = 1e-3, 2e-3, 0.06
# A topic that an article does not treat is the commonest answer; it must not drown the others.
WEIGHT_OF_ABSENT = 0.35


class Model(nn.Module):
    """The stance encoder with the head that is trained beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = StanceEncoder(PackedE5(packed.opened(), longest=512).train(False))
        for name, weight in self.encoder.named_parameters():
            weight.requires_grad = "base.encoder" not in name or name.endswith((".down", ".up"))
        self.dropout = nn.Dropout(0.1)
        self.article = nn.Linear(self.encoder.width, len(STANCES))
        self.sentence = nn.Linear(self.encoder.width, len(STANCES))

    def restore(self, learnt: dict[str, Tensor], heads: Heads) -> None:
        """Go on from what was learnt before."""
        self.encoder.load_state_dict(learnt, strict=False)
        with torch.no_grad():
            for layer, head in zip((self.article, self.sentence), heads, strict=True):
                layer.weight.copy_(torch.from_numpy(head.weight))
                layer.bias.copy_(torch.from_numpy(head.bias))

    def blend(self, learnt: dict[str, Tensor], heads: Heads, *, share: float) -> None:
        """Mix in a share of earlier weights: what was learnt since then wanders less (WiSE-FT, Wortsman et al. 2022, CVPR)."""
        now = {name: weight.detach() for name, weight in self.encoder.named_parameters()}
        mixed = [
            Head(share * before.weight + (1 - share) * after.weight, share * before.bias + (1 - share) * after.bias)
            for before, after in zip(heads, self.heads(), strict=True)
        ]
        self.restore({name: share * before + (1 - share) * now[name] for name, before in learnt.items()}, Heads(*mixed))

    def features(self, examples: Sequence[Example], ask: Any) -> Tensor:
        """Standardised features of every question of every example, in their order."""
        topics = [[ask(topic) for topic, _ in one.answers] for one in examples]
        found = self.encoder.features([one.tokens for one in examples], topics)
        return nn.functional.layer_norm(found, found.shape[1:])

    def forward(self, examples: Sequence[Example], ask: Any) -> Tensor:
        features = self.dropout(self.features(examples, ask))
        single = torch.tensor([one.tokens.single for one in examples for _ in one.answers])
        made: Tensor = torch.where(single[:, None], self.sentence(features), self.article(features))
        return made

    def heads(self) -> Heads:
        """The heads as they stand, for articles and for sentences."""
        return Heads(*(Head(one.weight.detach().numpy(), one.bias.detach().numpy()) for one in (self.article, self.sentence)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--newsmtsc", type=Path, help="newsmtsc.jsonl; without it, only our own articles are learnt from")
    parser.add_argument("--watch", type=Path, default=Path("watches/deepseek.toml"), help="whose topics are asked")
    parser.add_argument("--articles", type=int, help="learn from so many articles only (for the learning curve)")
    parser.add_argument("--epochs", type=int, default=PRESS_EPOCHS)
    parser.add_argument("--start", type=Path, help="go on from these weights, in place of an untrained start")
    parser.add_argument("--keep", type=float, default=0.0, help="the share of the weights of --start in those that are written")
    parser.add_argument("--rate", type=float, default=RATE, help="the highest learning rate of the corrections")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=FILE)
    arguments = parser.parse_args()
    threads = torch.get_num_threads()
    torch.manual_seed(arguments.seed)
    random.seed(arguments.seed)
    model = Model()
    tokenizer = model.encoder.base.tokenizer
    tokenizer.no_padding()
    records = press_records("train")
    random.Random(1).shuffle(records)
    records = records[: arguments.articles]
    watch = load_watch(arguments.watch)
    questions = Questions(watch.topics, records)
    torch.set_num_threads(threads)  # loading the model of the questions set it to one, as reading wants it
    dev = Lessons(press_records("dev"), questions.topics, tokenizer).as_they_are()
    lessons = Lessons(records, questions.topics, tokenizer)
    news = list(sentence_examples(arguments.newsmtsc, "train", tokenizer)) if arguments.newsmtsc else []
    if arguments.start:
        model.restore(*stored(arguments.start))
    elif news:
        _train(model, lambda: news, questions, rate=arguments.rate, epochs=NEWS_EPOCHS)

    def one_round() -> list[Example]:
        return lessons.a_round() + random.sample(news, round(NEWS_KEPT * len(news)))

    _train(
        model,
        one_round,
        questions,
        rate=arguments.rate,
        epochs=arguments.epochs,
        after=lambda: print(_score(model, dev, questions), flush=True),
    )
    if arguments.start:
        model.blend(*stored(arguments.start), share=arguments.keep)
        print("blended", _score(model, dev, questions), flush=True)
    article, sentence = model.heads()
    heads = [article]
    if news:
        # The encoder has moved since the sentences were learnt: their head once more, on all of them.
        found = fitted(*_answers(model, news, questions), start=sentence, strength=SENTENCE_STRENGTH)
        judged = list(sentence_examples(arguments.newsmtsc, "dev_rw", tokenizer))
        heads.append(_warmed(found, *_answers(model, judged, questions)))
    save(model.encoder, Heads(heads[0], heads[-1]), arguments.out)
    print("temperature of sentences", round(heads[-1].temperature, 3), "bytes", arguments.out.stat().st_size)
    calibrate(arguments.out, watch)


def _warmed(head: Head, features: Floats, gold: NDArray[np.int64]) -> Head:
    """The head with the temperature that these answers ask for."""
    of_subject = gold != NONE
    return Head(head.weight, head.bias, fitted_temperature(head.logits(features)[of_subject][:, 1:], gold[of_subject] - 1))


def _train(model: Model, one_round: Any, questions: Questions, *, rate: float, epochs: int, after: Any = None) -> None:
    """AdamW with a linear warm-up and decay; texts of like length share a batch."""
    learnt = [weight for weight in model.encoder.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(
        [
            {"params": learnt, "lr": rate, "weight_decay": 0.01},
            {"params": [*model.article.parameters(), *model.sentence.parameters()], "lr": HEAD_RATE * rate / RATE},
        ]
    )
    steps = epochs * math.ceil(len(one_round()) / BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (WARM_UP * steps)) * max(0.0, (steps - step) / steps)
    )
    start = time.monotonic()
    for epoch in range(epochs):
        model.dropout.train()
        total = 0.0
        batches = _batches(one_round())
        for batch in batches:
            answers = [answer for one in batch for answer in one.answers]
            gold = torch.tensor([stance for _, stance in answers])
            weights = torch.tensor([WEIGHT_OF_ABSENT if topic and stance == NONE else 1.0 for topic, stance in answers])
            losses = nn.functional.cross_entropy(model(batch, questions.sampled), gold, label_smoothing=0.05, reduction="none")
            loss = (losses * weights).sum() / weights.sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            nn.utils.clip_grad_norm_(learnt, 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1} of {epochs}: loss {total / len(batches):.3f}, {time.monotonic() - start:.0f} s", flush=True)
        if after:
            after()


def _batches(examples: list[Example]) -> list[list[Example]]:
    random.shuffle(examples)
    batches = []
    for first in range(0, len(examples), BATCH * 16):
        alike = sorted(examples[first : first + BATCH * 16], key=lambda one: len(one.tokens.ids))
        batches += [alike[n : n + BATCH] for n in range(0, len(alike), BATCH)]
    random.shuffle(batches)
    return batches


@torch.inference_mode()
def _answers(model: Model, examples: Sequence[Example], questions: Questions) -> tuple[Floats, NDArray[np.int64]]:
    """Features and gold answers of all questions."""
    model.dropout.train(False)
    found = [model.features(examples[n : n + BATCH], questions.whole) for n in range(0, len(examples), BATCH)]
    return torch.cat(found).numpy(), np.array([stance for one in examples for _, stance in one.answers])


def _score(model: Model, examples: Sequence[Example], questions: Questions) -> dict[str, float]:
    """Macro-F1 of critical, neutral, supportive where the subject is spoken of."""
    features, gold = _answers(model, examples, questions)
    topics = np.array([topic is not None for one in examples for topic, _ in one.answers])
    found = model.heads().article.logits(features)[:, 1:].argmax(axis=1) + 1
    groups = {"over all": ~topics, "by topic": topics}
    return {
        name: round(float(f1_score(gold[rows & (gold > 0)], found[rows & (gold > 0)], average="macro")), 3)
        for name, rows in groups.items()
    }


if __name__ == "__main__":
    main()
