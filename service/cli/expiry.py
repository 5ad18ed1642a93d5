"""When a key shall end, as a person types it: `30d`, `12h`, a date or a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import typer

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SPAN = re.compile(r"([1-9]\d{0,4})([hdw])")


def expiry(text: str, now: datetime) -> datetime:
    """Gives the time that `text` means; a date is its midnight, and without a zone it is UTC.

    Raises:
        typer.BadParameter: it means none.
    """
    span = _SPAN.fullmatch(text)
    if span is not None:
        return now + int(span[1]) * _UNITS[span[2]]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("expected 12h, 30d, 8w, a date such as 2030-01-31, or a time") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
