"""Lists end after a number of entries or bytes, whichever comes first, and read nothing for the pages to come."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.domain import bounded_lists
from service.domain.bounded_lists import first_part


@pytest.fixture(autouse=True)
def hundred_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_lists, "MOST_BYTES", 100)


@pytest.mark.parametrize(
    ("sizes", "limit", "kept", "more"),
    [
        ([], 3, 0, False),
        ([10, 10, 10], 3, 3, False),
        ([10, 10, 10, 10], 3, 3, True),
        ([40, 40, 40], 3, 2, True),
        ([500], 3, 1, False),
        ([500, 1], 3, 1, True),
    ],
    ids=["none", "all", "limit", "bytes", "a large one alone", "a large one first"],
)
def test_first_part_has_one_entry_at_least_and_no_more_than_fit(
    sizes: list[int], limit: int, kept: int, more: bool
) -> None:
    part = first_part(["x" * (size - 2) for size in sizes], limit, lambda entry: entry)
    assert (len(part.entries), part.more) == (kept, more)


def test_entries_of_later_pages_are_not_read() -> None:
    read: list[int] = []

    def entries() -> Iterator[str]:
        for number in range(50):
            read.append(number)
            yield "x" * 60

    first_part(entries(), 40, lambda entry: entry)
    assert read == [0, 1]
