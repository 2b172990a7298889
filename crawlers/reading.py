"""Reading what was fetched, in worker processes: a page that hangs or crashes its reader costs that page alone."""

import multiprocessing
import os
from collections.abc import Callable
from typing import Any

from pebble import ProcessPool

READING_LIMIT_S = 30.0
# Memory that a long-lived lxml process does not give back stays bounded.
PAGES_PER_PROCESS = 2000


class ReaderPool:
    """Worker processes that read pages and listings. Use as a context manager."""

    def __init__(self, processes: int | None = None) -> None:
        count = processes or os.cpu_count() or 2
        # Not fork: a copy of a process with a running reactor and open database is trouble.
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPool(max_workers=count, max_tasks=PAGES_PER_PROCESS, context=context)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function in a worker process; its concurrent future fails with TimeoutError after READING_LIMIT_S."""
        return self._pool.schedule(function, args=arguments, timeout=READING_LIMIT_S)

    def __enter__(self) -> "ReaderPool":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]  # pebble's method
        self._pool.join()
