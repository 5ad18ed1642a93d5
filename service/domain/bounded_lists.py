"""Lists that end early where their entries are large, so that no page of them takes more than some MiB of memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

# A page of 200 entries of usual size takes a tenth of it.
MOST_BYTES = 8 << 20

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class FirstPart(Generic[Entry]):
    """The first entries of a list, and whether others follow."""

    entries: list[Entry]
    more: bool


def first_part(found: Iterable[Entry], limit: int, long_facts: Callable[[Entry], object]) -> FirstPart[Entry]:
    """Gives the first entries: one at least, and no more than fit in `MOST_BYTES`.

    Args:
        found: the list, read as it is needed; one more than `limit`, where there is one.
        limit: most entries.
        long_facts: gives what may be large in an entry, as JSON takes it.
    """
    entries: list[Entry] = []
    held = 0
    for entry in found:
        # Not by a faster writer: what was sent may hold integers that only this one takes.
        held += len(json.dumps(long_facts(entry)))
        if len(entries) == limit or (entries and held > MOST_BYTES):
            return FirstPart(entries, more=True)
        entries.append(entry)
    return FirstPart(entries, more=False)
