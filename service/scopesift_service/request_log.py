"""The log: one JSON object per line on stderr, without texts, queries, header values or secrets."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

FIELDS = (
    "request_id", "route", "method", "status", "seconds", "texts", "characters", "error", "classifier", "versions",
    "reason", "version", "lang", "examples", "trace_id", "admin",
)  # fmt: skip


class JsonLines(logging.Formatter):
    """Formats a record with an allow-list of extra fields that hold no text."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: vars(record)[name] for name in FIELDS if name in vars(record)})
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            # frames only: an exception's message may quote the request
            line["frames"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])
            ]
        return json.dumps(line, ensure_ascii=False)


def start_logging(level: str) -> None:
    """Send scopesift's log to stderr as JSON lines; a second call has no effect."""
    root = logging.getLogger("scopesift")
    root.setLevel(level)
    root.propagate = False
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines())
        root.addHandler(handler)
