"""Train the stance encoder and its head, and write nlp/weights/stance-e5-small.npz.

    python -m nlp.training.stance [--newsmtsc PATH/newsmtsc.jsonl] [--articles N] [--out FILE]

First, where the corpus is given, on the sentences of NewsMTSC (Hamborg and Donnay 2021, EACL; MIT licence), which teach polarity
toward a target; then on our own articles (benchmarks/press/train.jsonl; nlp.training.examples says how each round changes them),
with one in ten of those sentences mixed in. Corrections of low rank (LoRA, Hu et al. 2022), the looks and the head are trained;
the encoder itself stays as it is. The head of articles is fitted alone first, so that the encoder need not follow an untrained
one (Kumar et al. 2022, ICLR). What is kept is the mean of the weights over the steps after the first round (SWA, Izmailov et al.
2018, UAI): a single step's are far worse. Articles and sentences have a head each, with a temperature fitted on dev
(nlp.training.calibration).
"""

import argparse
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from torch import Tensor, nn

from nlp import packed
from nlp.e5 import PackedE5
from nlp.stance.adapted import FILE, StanceEncoder, learnt, save
from nlp.stance.head import NONE, Floats, Head, Heads, fitted, fitted_temperature
from nlp.training.calibration import calibrate
from nlp.training.examples import STANCES, Example, Lessons, Questions, press_records, sentence_examples
from vigie.watch import load_watch

BATCH = 16
NEWS_KEPT = 0.1
HEAD_STRENGTH, SENTENCE_STRENGTH = 1e-2, 0.03
WARM_UP = 0.06
# A topic that an article does not treat is the commonest answer; it must not drown the others.
WEIGHT_OF_ABSENT = 0.35


class Pace(NamedTuple):
    """How many rounds there are; the highest learning rates of the encoder's corrections and of the head; and the share of the
    steps after which the weights are averaged."""

    epochs: int
    rate: float
    head_rate: float
    settled: float = 1.0


NEWS = Pace(1, 8e-4, 1e-3)
# A head that is fitted already moves little: at the rate of a new one each step would change its answers by half a logit.
PRESS = Pace(4, 1e-3, 1e-4, settled=0.25)


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

    def begin_with(self, head: Head) -> None:
        """Take this head, which was fitted on all features, for articles: from now on none of them is dropped."""
        self.dropout.p = 0.0
        with torch.no_grad():
            self.article.weight.copy_(torch.from_numpy(head.weight))
            self.article.bias.copy_(torch.from_numpy(head.bias))

    @property
    def learnt(self) -> list[nn.Parameter]:
        """All that is trained."""
        return [weight for weight in self.parameters() if weight.requires_grad]

    @torch.no_grad()
    def take(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """Put these in place of all that is trained, and give back what was there."""
        before = [weight.detach().clone() for weight in self.learnt]
        for weight, new in zip(self.learnt, weights, strict=True):
            weight.copy_(new)
        return before

    def heads(self) -> Heads:
        """The heads as they stand, for articles and for sentences."""
        return Heads(*(Head(one.weight.detach().numpy(), one.bias.detach().numpy()) for one in (self.article, self.sentence)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--newsmtsc", type=Path, help="newsmtsc.jsonl; without it, only our own articles are learnt from")
    parser.add_argument("--watch", type=Path, default=Path("watches/deepseek.toml"), help="whose topics are asked")
    parser.add_argument("--articles", type=int, help="learn from so many articles only (for the learning curve)")
    parser.add_argument("--epochs", type=int, default=PRESS.epochs)
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
    if news:
        _train(model, lambda: news, questions, NEWS)
    plain = _answers(model, lessons.as_they_are(), questions)
    model.begin_with(fitted(*plain, start=Head.blank(model.encoder.width), strength=HEAD_STRENGTH))
    print("the head alone", _score(model, dev, questions), flush=True)

    def one_round() -> list[Example]:
        return lessons.a_round() + random.sample(news, round(NEWS_KEPT * len(news)))

    pace = PRESS._replace(epochs=arguments.epochs)
    _train(model, one_round, questions, pace, after=lambda: print(_score(model, dev, questions), flush=True))
    article, sentence = model.heads()
    heads = [article]
    if news:
        # The encoder has moved since the sentences were learnt: their head once more, on all of them.
        found = fitted(*_answers(model, news, questions), start=sentence, strength=SENTENCE_STRENGTH)
        judged = list(sentence_examples(arguments.newsmtsc, "dev_rw", tokenizer))
        heads.append(warmed(found, *_answers(model, judged, questions)))
    save([learnt(model.encoder)], Heads(heads[0], heads[-1]), arguments.out)
    print("temperature of sentences", round(heads[-1].temperature, 3), "bytes", arguments.out.stat().st_size)
    calibrate(arguments.out, watch)


def warmed(head: Head, features: Floats, gold: NDArray[np.int64]) -> Head:
    """The head with the temperature that these answers ask for."""
    of_subject = gold != NONE
    return Head(head.weight, head.bias, fitted_temperature(head.logits(features)[of_subject][:, 1:], gold[of_subject] - 1))


def _train(
    model: Model,
    one_round: Callable[[], list[Example]],
    questions: Questions,
    pace: Pace,
    *,
    after: Callable[[], None] | None = None,
) -> None:
    """AdamW with a linear warm-up and decay; texts of like length share a batch. The model ends with the averaged weights.

    one_round: makes the examples of a round; after: what is done after each round, with the average up to there.
    """
    corrections = [weight for weight in model.encoder.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(
        [
            {"params": corrections, "highest": pace.rate, "weight_decay": 0.01},
            {"params": [*model.article.parameters(), *model.sentence.parameters()], "highest": pace.head_rate},
        ]
    )
    start = time.monotonic()
    average, averaged = [weight.detach().clone() for weight in model.learnt], 0
    for epoch in range(pace.epochs):
        model.dropout.train()
        total = 0.0
        batches = _batches(one_round())
        for n, batch in enumerate(batches):
            done = (epoch + (n + 0.5) / len(batches)) / pace.epochs
            for group in optimiser.param_groups:
                group["lr"] = group["highest"] * min(1.0, done / WARM_UP) * (1 - done)
            answers = [answer for one in batch for answer in one.answers]
            gold = torch.tensor([stance for _, stance in answers])
            weights = torch.tensor([WEIGHT_OF_ABSENT if topic and stance == NONE else 1.0 for topic, stance in answers])
            losses = nn.functional.cross_entropy(model(batch, questions.sampled), gold, label_smoothing=0.05, reduction="none")
            loss = (losses * weights).sum() / weights.sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            nn.utils.clip_grad_norm_(corrections, 1.0)
            optimiser.step()
            averaged = averaged + 1 if done > pace.settled else 1
            for mean, weight in zip(average, model.learnt, strict=True):
                mean.lerp_(weight.detach(), 1 / averaged)
            total += loss.item()
        print(
            f"epoch {epoch + 1} of {pace.epochs}: loss {total / len(batches):.3f}, {time.monotonic() - start:.0f} s", flush=True
        )
        if after:
            last = model.take(average)
            after()
            model.take(last)
    model.take(average)


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
