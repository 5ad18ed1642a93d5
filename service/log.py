"""One JSON line per event on standard error, with the request and job it belongs to."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def configure_logging(level: str = "info") -> None:
    """Sends every event of at least `level` to standard error as one JSON line; a second call changes the level."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def get_logger(**facts: Any) -> structlog.typing.FilteringBoundLogger:
    """Gives a logger whose events all carry `facts`, such as `worker_id`."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**facts)
    return logger


def bind_to_context(**facts: Any) -> None:
    """Adds facts, such as `request_id` or `job_id`, to every later event of this request or thread."""
    structlog.contextvars.bind_contextvars(**facts)


def clear_context() -> None:
    """Forgets what `bind_to_context` added."""
    structlog.contextvars.clear_contextvars()
