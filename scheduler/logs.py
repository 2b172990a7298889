"""The daemon's log: one event a line on the error stream, with its facts as keys, as text or as JSON."""

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from vigie import clock

LogFormat = Literal["text", "json"]


def open_log(form: LogFormat) -> FilteringBoundLogger:
    """The log of this process. What libraries say by the standard logging, from warnings on, goes there too."""
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24)
    )
    structlog.configure(
        processors=[structlog.processors.add_log_level, _stamp, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    log: FilteringBoundLogger = structlog.get_logger()
    logging.basicConfig(handlers=[_ToLog(log)], level=logging.WARNING, force=True)
    return log


def _stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {"at": clock.now().isoformat(timespec="milliseconds"), **event}


class _ToLog(logging.Handler):
    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        # A wake while a lane is still busy is passed over: the next one looks again.
        if "maximum number of running instances" not in record.getMessage():
            self._log.log(record.levelno, record.getMessage(), library=record.name, exc_info=record.exc_info)
