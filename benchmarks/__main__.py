"""All measurements, one after another; each is a module of its own with options (``python -m benchmarks.crawl --help``)."""

import subprocess
import sys

RUNS = (
    ("benchmarks.startup",),
    ("benchmarks.daemon",),
    ("benchmarks.extraction",),
    ("benchmarks.crawl",),
    ("benchmarks.quality_labels",),
    ("benchmarks.press_texts",),
    ("benchmarks.press_agreement",),
    ("benchmarks.quality_press",),
    ("benchmarks.quality_press", "compare"),
    ("benchmarks.quality_press", "hard"),
    ("benchmarks.quality_press", "test", "--worst", "10"),
    ("benchmarks.stance_baselines",),
    ("benchmarks.few_shot",),
    ("benchmarks.quality_quotes",),
    ("benchmarks.quality_voices",),
    ("benchmarks.quality_entities",),
    ("benchmarks.quality_stories",),
    ("benchmarks.models",),
    ("benchmarks.index_scale", "100000"),
    ("benchmarks.alerts", "--years", "5"),
    ("benchmarks.export",),
    ("benchmarks.digests",),
    ("benchmarks.machines",),
)

if __name__ == "__main__":
    for module, *options in RUNS:
        print(f"\n── {module} {' '.join(options)}", flush=True)
        subprocess.run([sys.executable, "-m", module, *options], check=True)
