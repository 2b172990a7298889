"""What a process holds in memory, as Linux tells it."""

import re
from pathlib import Path
from typing import Literal


def mebibytes(key: Literal["VmRSS", "VmHWM"], process: int | Literal["self"] = "self") -> float:
    """What is resident now (VmRSS), or was at the most (VmHWM). getrusage also counts what the parent held when it started it."""
    found = re.search(rf"{key}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace"))
    return int(found[1]) / 1024 if found else 0.0
