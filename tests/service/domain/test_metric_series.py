"""Metrics stay few and even however long a job runs, on both databases."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from service.domain.errors import JobNotFound
from service.domain.leasing import leases
from service.domain.leasing.leases import Batch
from service.domain.metric_series import even_places, list_metrics, surplus
from service.store.events import metric_numbers
from tests.service.domain.leasing.test_leases import claim, queue_job

CAP = 200


def train(session: Session, steps: int, batch: int) -> str:
    """A job that has told so many steps, some at a time."""
    job_id = queue_job(session)
    hold = claim(session)
    for first in range(1, steps + 1, batch):
        events = [("metric", {"step": step}) for step in range(first, min(steps + 1, first + batch))]
        leases.record_progress(session, hold, Batch(events), CAP)
        assert len(metric_numbers(session, job_id)) <= CAP
    return job_id


def assert_is_even(session: Session, job_id: str, steps: int) -> None:
    kept = [row.data["step"] for row in list_metrics(session, job_id, 10_000).rows]
    assert (kept[0], kept[-1]) == (1, steps)
    assert CAP // 2 <= len(kept) <= CAP
    assert max(later - earlier for earlier, later in pairwise(kept)) <= steps / (CAP // 2)


def test_long_series_keeps_its_whole_shape(session: Session) -> None:
    assert_is_even(session, train(session, 20_000, 100), 20_000)


@pytest.mark.slow
def test_a_million_steps_leave_at_most_the_cap(session: Session) -> None:
    assert_is_even(session, train(session, 1_000_000, 5_000), 1_000_000)


@given(st.sets(st.integers(1, 10**9), min_size=2, max_size=300), st.integers(1, 100))
def test_surplus_leaves_both_ends_few_numbers_and_no_new_gap(numbers: set[int], parts: int) -> None:
    rising = sorted(numbers)
    kept = sorted(numbers - set(surplus(rising, parts)))
    assert (kept[0], kept[-1]) == (rising[0], rising[-1])
    assert len(kept) <= max(2, 2 * parts)
    part = (rising[-1] - rising[0]) / parts
    old_gaps = set(pairwise(rising))
    assert all(pair in old_gaps or pair[1] - pair[0] <= part for pair in pairwise(kept))


@pytest.mark.parametrize(
    ("count", "most", "places"), [(0, 2, []), (3, 5, [0, 1, 2]), (9, 2, [0, 8]), (9, 3, [0, 4, 8])]
)
def test_places_are_even_with_both_ends(count: int, most: int, places: list[int]) -> None:
    assert list(even_places(count, most)) == places


def test_metrics_of_unknown_job_are_not_found(session: Session) -> None:
    with pytest.raises(JobNotFound):
        list_metrics(session, "job_x", 10)
