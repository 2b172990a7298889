"""How far a second reader, who saw no labels, agrees with those of benchmarks/press: stance and topics, by part.

    python -m benchmarks.press_agreement [--json FILE]

benchmarks/press/second_reading.jsonl holds what the second reader answered to all texts of dev, compare, hard and test. Kappa is
Cohen's (1960): agreement beyond what chance would give.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sklearn.metrics import cohen_kappa_score, f1_score

from benchmarks.quality_press import STANCES
from nlp.training.press import PRESS, records


def second_reading() -> dict[str, dict[str, Any]]:
    """The second reader's answers, by the id of the text."""
    rows = map(json.loads, (PRESS / "second_reading.jsonl").read_text(encoding="utf-8").splitlines())
    return {row["id"]: row for row in rows}


def agreement(texts: Sequence[dict[str, Any]], second: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Of the texts that were read twice: agreement on the stance over all, on the stances of topics that both found, and on the
    topics. The F1 is the second reader's, judged as a classifier is: on every stance that the labels name."""
    pairs = [(text, second[text["id"]]) for text in texts if text["id"] in second]
    over_all = [(one["overall"], other["overall"]) for one, other in pairs]
    by_topic = [
        (stance, other["stances"][topic])
        for one, other in pairs
        for topic, stance in one["stances"].items()
        if topic in other["stances"]
    ]
    judged = [(label, answer) for label, answer in over_all + by_topic if label != "none"]
    labels, answers = zip(*judged, strict=True)
    return {
        "texts": len(pairs),
        "stance over all, same": _same(over_all),
        "stance over all, kappa": round(float(cohen_kappa_score(*zip(*over_all, strict=True))), 3),
        "stance by topic, same": _same(by_topic),
        "questions of stance": len(judged),
        "stance, macro-F1": round(float(f1_score(labels, answers, labels=STANCES, average="macro")), 3),
        "topics, all the same": _same([(set(one["topics"]), set(other["topics"])) for one, other in pairs]),
    }


def _same(pairs: Sequence[tuple[Any, Any]]) -> float:
    return round(sum(one == other for one, other in pairs) / len(pairs), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    second = second_reading()
    result = {part: agreement(records(part), second) for part in ("dev", "compare", "hard", "test")}
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
