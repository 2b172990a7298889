"""What the daemon costs while nothing is due: memory and processor time, beside an empty Python; and how fast it ends.

python -m benchmarks.daemon [--seconds 60] [--articles 20000]
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.memory import mebibytes
from vigie.archive import Archive
from vigie.article import Article, Published, article_id
from vigie.clock import now

WATCH = """
name = "idle"
[[subjects]]
id = "deepseek"
name = "DeepSeek"
[[editions]]
id = "paris"
[[editions]]
id = "new-york"
timezone = "America/New_York"
[daemon]
wake_seconds = 1
health = "127.0.0.1:0"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--articles", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "watch.toml").write_text(WATCH, encoding="utf-8")
        _fill(Path(folder), options.articles)
        environment = os.environ | {"VIGIE_WATCH": f"{folder}/watch.toml", "VIGIE_DATA": folder}
        log = Path(folder) / "log"
        with log.open("wb") as stream:
            daemon = subprocess.Popen([sys.executable, "-m", "vigie", "daemon"], env=environment, stderr=stream)
        bare = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
        try:
            while "run done" not in log.read_text(encoding="utf-8"):  # the first gathering
                time.sleep(0.2)
            before = _processor_seconds(daemon.pid)
            time.sleep(options.seconds)
            used = _processor_seconds(daemon.pid) - before
            result = {
                "articles": options.articles,
                "rss_mb": round(mebibytes("VmRSS", daemon.pid), 1),
                "peak_rss_mb": round(mebibytes("VmHWM", daemon.pid), 1),
                "python_rss_mb": round(mebibytes("VmRSS", bare.pid), 1),
                "ms_processor_a_wake": round(used / options.seconds * 1000 / 2, 1),  # two lanes, each woken every second
            }
            started = time.monotonic()
            daemon.send_signal(signal.SIGTERM)
            result["exit_code"] = daemon.wait(60)
            result["seconds_to_end"] = round(time.monotonic() - started, 2)
        finally:
            for process in (daemon, bare):
                process.kill()
                process.wait()
    print(json.dumps(result, indent=2))


def _fill(data: Path, articles: int) -> None:
    """Articles that are read and indexed as far as the daemon can tell, so that nothing is due."""
    archive, moment = Archive.open(data), now()
    with archive.begin() as tx:
        for number in range(articles):
            url = f"https://press.example/{number}"
            published = Published(moment, 60, "minute", "json-ld")
            tx.articles.store(
                Article(article_id(url), url, url, "press", f"Title {number}", "A text. " * 50, published=published),
                page_id=None,
                at=moment.timestamp(),
            )
        tx.connection.exec_driver_sql("DELETE FROM to_read")
    archive.close()


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
