"""Quality and speed of reading pages, against trafilatura on the same pages in the same run.

Quality: the 181 pages of article-extraction-benchmark (shingle F1) and 258 publisher pages of fundus (token F1; title, day, author hits).
Speed: CPU time of crawlers.extract over that of trafilatura.bare_extraction(with_metadata=True), from text to fields, page by page in turn.

    python -m benchmarks.extraction [--json FILE]      needs the shared data (VIGIE_SHARED)
"""

import argparse
import gc
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from crawlers.extract import extract_record

ROOT = Path(__file__).parent.parent
SETS = ("aeb", "fundus")


def shared_data() -> Path:
    """The folder of real data beside the repository, or the one that VIGIE_SHARED names."""
    return Path(os.environ.get("VIGIE_SHARED", ROOT.parent / "shared")) / "data"


def scorer() -> ModuleType:
    """The scorer that comes with the data."""
    spec = importlib.util.spec_from_file_location("score_extraction", shared_data() / "score_extraction.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["score_extraction"] = module
    spec.loader.exec_module(module)
    return module


def ours(html: str, url: str) -> dict[str, Any]:
    """What Vigie reads, under the scorer's names."""
    found = extract_record({"html": html, "url": url})
    return {"text": found["text"], "title": found["title"], "date": found["published"], "authors": found["authors"]}


def trafilaturas(html: str, url: str) -> dict[str, Any]:
    """What trafilatura reads with its defaults, comments left out as the references do."""
    from trafilatura import bare_extraction
    from trafilatura.settings import Document

    document = bare_extraction(html, url=url, with_metadata=True, include_comments=False)
    if not isinstance(document, Document):
        return {}
    authors = (document.author or "").split("; ")
    return {
        "text": document.text,
        "title": document.title,
        "date": document.date,
        "authors": [author for author in authors if author],
    }


def measure(readers: dict[str, Callable[[str, str], dict[str, Any]]], *, every: int = 1) -> dict[str, dict[str, float]]:
    """The scores of readers on both sets, and their CPU milliseconds a page. every: take each n-th page only."""
    score = scorer()
    results: dict[str, dict[str, float]] = {name: {} for name in readers}
    for part in SETS:
        pages = list(score.load([part]))[::every]
        texts = [score.read_html(page) for page in pages]
        for reader in readers.values():  # models and lists are loaded before the clock starts
            reader(texts[0], pages[0]["url"])
        outputs, times = _run(readers, pages, texts)
        for name in readers:
            results[name] |= {f"{part}_ms": round(1000 * statistics.mean(times[name]), 2)} | _scores(
                score, part, pages, outputs[name]
            )
    return results


def _run(
    readers: dict[str, Callable[[str, str], dict[str, Any]]], pages: list[dict[str, Any]], texts: list[str]
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, list[float]]]:
    outputs: dict[str, list[dict[str, Any]]] = {name: [] for name in readers}
    times: dict[str, list[float]] = {name: [] for name in readers}
    gc.collect()
    for place, (page, text) in enumerate(zip(pages, texts, strict=True)):
        # In turn first and second: caches of the machine favour the second.
        for name in list(readers) if place % 2 else list(readers)[::-1]:
            start = time.process_time()
            outputs[name].append(readers[name](text, page["url"]))
            times[name].append(time.process_time() - start)
    return outputs, times


def _scores(score: ModuleType, part: str, pages: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> dict[str, float]:
    golds = [page["gold"] for page in pages]
    if part == "aeb":
        f1 = score.aeb_metrics(
            [(gold["body"], output.get("text") or "") for gold, output in zip(golds, outputs, strict=True)], 0
        )["f1"]
        return {"aeb_f1": round(f1, 4)}
    hits = [score.meta_hits(gold, output) for gold, output in zip(golds, outputs, strict=True)]
    tokens = [score.token_prf(gold["body"], output.get("text") or "")[2] for gold, output in zip(golds, outputs, strict=True)]
    means = {
        name: statistics.mean(hit[name] for hit in hits if name in hit)
        for name in ("title_exact", "date_day", "author_any", "author_exact")
    }
    return {f"fundus_{name}": round(value, 4) for name, value in {"token_f1": statistics.mean(tokens), **means}.items()}


def main() -> None:
    """Measure both, and print the figures as a table and, with --json, to a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if not shared_data().is_dir():
        sys.exit(f"the real data is not here ({shared_data()}); VIGIE_SHARED names its folder")
    results = measure({"vigie": ours, "trafilatura": trafilaturas})
    print(f"{'':22}{'vigie':>10}{'trafilatura':>14}")
    for name, value in results["vigie"].items():
        print(f"{name:22}{value:>10}{results['trafilatura'][name]:>14}")
    ratios = {part: round(results["vigie"][f"{part}_ms"] / results["trafilatura"][f"{part}_ms"], 3) for part in SETS}
    print(f"{'time, ratio':22}{ratios['aeb']:>10}{ratios['fundus']:>14}   (aeb, fundus; at most 1.3)")
    report = json.dumps({**results, "time_ratio": ratios}, indent=1)
    if arguments.json:
        arguments.json.write_text(report + "\n", encoding="utf-8")
    else:
        print(report)


if __name__ == "__main__":
    main()
