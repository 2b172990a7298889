"""Train the stance encoders and their heads, and write nlp/weights/stance-e5-small.npz.

    python -m nlp.training.stance [--newsmtsc PATH/newsmtsc.jsonl] [--courses NAME ...] [--articles N] [--out FILE]

Two encoders learn apart, each by a course of its own, and read side by side (deep ensembles, Lakshminarayanan et al. 2017,
NeurIPS). Two courses, since chance alone sets encoders too little apart for one to outvote what the other gets wrong. Of both,
corrections of low rank (LoRA, Hu et al. 2022), the looks and a head are trained; the encoder itself stays as it is. Both begin,
where the corpus is given, with the sentences of NewsMTSC (Hamborg and Donnay 2021, EACL; MIT licence), which teach polarity
toward a target, and leave the lowest layers so; then come our own articles (benchmarks/press/train.jsonl; nlp.training.examples
says how a round changes them), with one in ten of those sentences mixed in. Articles and sentences have a head each. The
temperature of sentences is fitted on the corpus's own dev, that of articles on ours, as they are read (nlp.training.calibration).
"""

import argparse
import ctypes
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from torch import Tensor, nn

from nlp import packed
from nlp.e5 import PackedE5
from nlp.stance.adapted import FILE, LONGEST, StanceEncoder, learnt, save
from nlp.stance.head import NONE, Floats, Head, Heads, fitted, fitted_temperature, joined
from nlp.training.calibration import calibrate
from nlp.training.examples import STANCES, Example, Lessons, Questions, sentence_examples
from nlp.training.press import records
from vigie.watch import Watch, load_watch

# Options of mallopt, from malloc.h.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4

BATCH = 16
NEWS_KEPT = 0.1
HEAD_STRENGTH, SENTENCE_STRENGTH = 1e-2, 0.03
WARM_UP = 0.06
# So many layers stay as the sentences have taught them.
LEFT = 4
# The share of the first go's weights in what is kept of the second.
OF_FIRST_GO = 0.25
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
STEADY = Pace(4, 1e-3, 1e-4, settled=0.25)
FIRST_GO, SECOND_GO = Pace(4, 1e-3, 2e-3), Pace(3, 5e-4, 1e-3)


class Material(NamedTuple):
    """What is learnt from, articles and sentences (``news``); the articles of dev, which are watched meanwhile; and the sentences
    of dev on which the temperature is fitted (``judged``)."""

    questions: Questions
    lessons: Lessons
    news: list[Example]
    dev: list[Example]
    judged: list[Example]

    def plain_round(self) -> list[Example]:
        """Every article with its subject's name exchanged, or as it is; and some sentences."""
        return self.lessons.with_names_exchanged() + self._some_news()

    def changed_round(self) -> list[Example]:
        """Every article changed in all ways, and pairs of articles; and some sentences."""
        return self.lessons.a_round() + self._some_news()

    def _some_news(self) -> list[Example]:
        return random.sample(self.news, round(NEWS_KEPT * len(self.news)))


class Start(NamedTuple):
    """Where every course begins: the weights that the sentences have taught, and the state of chance."""

    weights: list[Tensor]
    chance: tuple[Any, Tensor]


class Learnt(NamedTuple):
    """An encoder at the end of its course: corrections and looks by name, the heads, and its features of the judged sentences."""

    corrections: dict[str, NDArray[np.float16]]
    heads: Heads
    judged: Floats


class Model(nn.Module):
    """The stance encoder with the heads that are trained beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = StanceEncoder(PackedE5(packed.opened(), longest=LONGEST).train(False))
        # The gradient of fused attention takes so long on processors that a step lasts a fifth longer with it.
        self.encoder.base.encoder.set_attn_implementation("eager")
        for name, weight in self.encoder.named_parameters():
            weight.requires_grad = "base.encoder" not in name or name.endswith((".down", ".up"))
        self.dropout = nn.Dropout(0.1)
        self.article = nn.Linear(self.encoder.width, len(STANCES))
        self.sentence = nn.Linear(self.encoder.width, len(STANCES))

    def features(self, examples: Sequence[Example], ask: Any) -> Tensor:
        """Features of every question of every example, in their order."""
        topics = [[ask(topic) for topic, _ in one.answers] for one in examples]
        return self.encoder.features([one.tokens for one in examples], topics)

    def forward(self, examples: Sequence[Example], ask: Any) -> Tensor:
        found = self.features(examples, ask)
        features = self.dropout(nn.functional.layer_norm(found, found.shape[1:]))
        single = torch.tensor([one.tokens.single for one in examples for _ in one.answers])
        made: Tensor = torch.where(single[:, None], self.sentence(features), self.article(features))
        return made

    def begin_with(self, head: Head) -> None:
        """Take this head, which was fitted on all features, for articles: from now on none of them is dropped."""
        self.dropout.p = 0.0
        with torch.no_grad():
            self.article.weight.copy_(torch.from_numpy(head.weight))
            self.article.bias.copy_(torch.from_numpy(head.bias))

    def leave_lowest_layers(self) -> None:
        """Learn no more below the layer LEFT: gradients need not go down there, which saves a third of the time."""
        self.encoder.looks.mark.requires_grad = False
        for block in self.encoder.base.encoder.encoder.layer[:LEFT]:
            block.requires_grad_(False)

    @property
    def trained(self) -> list[nn.Parameter]:
        """All that is trained."""
        return [weight for weight in self.parameters() if weight.requires_grad]

    def weights(self) -> list[Tensor]:
        """All that is trained, as it stands."""
        return [weight.detach().clone() for weight in self.trained]

    @torch.no_grad()
    def move_to(self, weights: Sequence[Tensor], *, share: float = 1.0) -> None:
        """Move all that is trained to these weights, or only a share of the way there."""
        for weight, other in zip(self.trained, weights, strict=True):
            weight.lerp_(other, share)

    def heads(self) -> Heads:
        """The heads as they stand, for articles and for sentences."""
        return Heads(*(Head(one.weight.detach().numpy(), one.bias.detach().numpy()) for one in (self.article, self.sentence)))


def in_two_goes(model: Model, material: Material) -> None:
    """Articles first with nothing changed but names, then changed in all ways at half the rate. What is kept are three quarters
    of the weights so found and a quarter of those before, which wanders less (WiSE-FT, Wortsman et al. 2022, CVPR)."""
    _train(model, material, material.plain_round, FIRST_GO)
    print("after the first go", _score(model, material), flush=True)
    first = model.weights()
    _train(model, material, material.changed_round, SECOND_GO)
    print("after the second go", _score(model, material), flush=True)
    model.move_to(first, share=OF_FIRST_GO)
    print("a step back", _score(model, material), flush=True)


def steadily(model: Model, material: Material) -> None:
    """Articles changed in all ways from the first round on. The head is fitted alone before that, so that the encoder need not
    follow an untrained one (Kumar et al. 2022, ICLR). What is kept is the mean of the weights over the steps after the first
    round (SWA, Izmailov et al. 2018, UAI): a single step's are far worse."""
    plain = _answers(model, material.lessons.as_they_are(), material.questions)
    model.begin_with(fitted(*plain, start=Head.blank(model.encoder.width), strength=HEAD_STRENGTH))
    print("the head alone", _score(model, material), flush=True)
    _train(model, material, material.changed_round, STEADY)
    print("the mean of the steps", _score(model, material), flush=True)


COURSES = {"in-two-goes": in_two_goes, "steadily": steadily}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--newsmtsc", type=Path, help="newsmtsc.jsonl; without it, only our own articles are learnt from")
    parser.add_argument("--watch", type=Path, default=Path("watches/deepseek.toml"), help="whose topics are asked")
    parser.add_argument("--courses", nargs="+", choices=COURSES, default=list(COURSES), help="an encoder by each (both)")
    parser.add_argument(
        "--articles", type=int, help="learn from, and watch, so many articles only (for a trial or the learning curve)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=FILE)
    arguments = parser.parse_args()
    begun = time.monotonic()
    _keep_memory()
    watch = load_watch(arguments.watch)
    material = _material(watch, arguments.newsmtsc, arguments.articles)
    start = _start(material, arguments.seed)
    encoders: list[Learnt] = []
    for name in arguments.courses:
        print(f"An encoder learns {name}.", flush=True)
        encoders.append(_by_course(COURSES[name], start, material))
    _write(encoders, material, arguments.out)
    calibrate(arguments.out, watch)
    print(f"{arguments.out} of {arguments.out.stat().st_size:,} bytes, in {(time.monotonic() - begun) / 60:.1f} minutes")


def _keep_memory() -> None:
    """Let the C library keep the memory that tensors leave: the next step needs as much, and to be given every page anew by the
    system takes an eighth of the time."""
    with suppress(AttributeError):  # a C library other than glibc; see mallopt(3)
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, -1)
        mallopt(M_TOP_PAD, 1 << 28)


def _material(watch: Watch, newsmtsc: Path | None, articles: int | None) -> Material:
    threads = torch.get_num_threads()
    tokenizer = packed.tokenizer(packed.opened().pieces, longest=LONGEST)
    tokenizer.no_padding()
    texts = records("train")
    random.Random(1).shuffle(texts)
    texts = texts[:articles]
    questions = Questions(watch.topics, texts)
    torch.set_num_threads(threads)  # loading the model of the questions set it to one, as reading wants it
    dev = Lessons(records("dev")[:articles], questions.topics, tokenizer).as_they_are()
    news, judged = (list(sentence_examples(newsmtsc, split, tokenizer)) if newsmtsc else [] for split in ("train", "dev_rw"))
    return Material(questions, Lessons(texts, questions.topics, tokenizer), news, dev, judged)


def _start(material: Material, seed: int) -> Start:
    torch.manual_seed(seed)
    random.seed(seed)
    model = Model()
    if material.news:
        _train(model, material, lambda: material.news, NEWS)
    return Start(model.weights(), (random.getstate(), torch.get_rng_state()))


def _by_course(course: Callable[[Model, Material], None], start: Start, material: Material) -> Learnt:
    model = Model()
    model.move_to(start.weights)
    random.setstate(start.chance[0])
    torch.set_rng_state(start.chance[1])
    if material.news:
        model.leave_lowest_layers()
    course(model, material)
    article, sentence = model.heads()
    if not material.news:
        return Learnt(learnt(model.encoder), Heads(article, article), np.empty((0, model.encoder.width), np.float32))
    # The encoder has moved since the sentences were learnt: their head once more, on all of them.
    known = _answers(model, sorted(material.news, key=lambda one: len(one.tokens.ids)), material.questions)
    judged, _ = _answers(model, material.judged, material.questions)
    heads = Heads(article, fitted(*known, start=sentence, strength=SENTENCE_STRENGTH))
    return Learnt(learnt(model.encoder), heads, judged)


def _write(encoders: Sequence[Learnt], material: Material, file: Path) -> None:
    """The encoders side by side, under the mean of what their heads say."""
    articles, sentences = (joined(of_one_kind) for of_one_kind in zip(*(one.heads for one in encoders), strict=True))
    if material.judged:
        gold = np.array([one.answers[0][1] for one in material.judged])
        logits = sentences.logits(np.concatenate([one.judged for one in encoders], axis=1))[:, 1:]
        sentences = replace(sentences, temperature=fitted_temperature(logits, gold - 1))
        print("temperature of sentences", round(sentences.temperature, 3))
    save([one.corrections for one in encoders], Heads(articles, sentences), file)


def _train(model: Model, material: Material, one_round: Callable[[], list[Example]], pace: Pace) -> None:
    """AdamW with a linear warm-up and decay; texts of like length share a batch. The model ends with the averaged weights.

    one_round: makes the examples of a round.
    """
    corrections = [weight for weight in model.encoder.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(
        [
            {"params": corrections, "highest": pace.rate, "weight_decay": 0.01},
            {"params": [*model.article.parameters(), *model.sentence.parameters()], "highest": pace.head_rate},
        ]
    )
    start = time.monotonic()
    average, averaged = model.weights(), 0
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
            losses = nn.functional.cross_entropy(
                model(batch, material.questions.sampled), gold, label_smoothing=0.05, reduction="none"
            )
            loss = (losses * weights).sum() / weights.sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            nn.utils.clip_grad_norm_(corrections, 1.0)
            optimiser.step()
            averaged = averaged + 1 if done > pace.settled else 1
            for mean, weight in zip(average, model.trained, strict=True):
                mean.lerp_(weight.detach(), 1 / averaged)
            total += loss.item()
        print(
            f"round {epoch + 1} of {pace.epochs}: loss {total / len(batches):.3f}, {time.monotonic() - start:.0f} s", flush=True
        )
    model.move_to(average)


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


def _score(model: Model, material: Material) -> dict[str, float]:
    """Macro-F1 of critical, neutral, supportive on dev where the subject is spoken of."""
    features, gold = _answers(model, material.dev, material.questions)
    topics = np.array([topic is not None for one in material.dev for topic, _ in one.answers])
    found = model.heads().article.logits(features)[:, 1:].argmax(axis=1) + 1
    groups = {"over all": ~topics, "by topic": topics}
    return {
        name: round(float(f1_score(gold[rows & (gold > 0)], found[rows & (gold > 0)], average="macro")), 3)
        for name, rows in groups.items()
    }


if __name__ == "__main__":
    main()
