"""How a predict job is cut into parts."""

from __future__ import annotations

import pytest

from service.domain.predict_jobs.specs import part_rows, predict_seconds


@pytest.mark.parametrize(
    ("columns", "edges", "rows"),
    [(9, 100, 50_000), (400, 100, 2_500), (9, 320_000, 625), (10**7, 100, 1), (9, 10**9, 1)],
)
def test_a_part_is_bounded_by_rows_cells_and_evaluated_edges(columns: int, edges: int, rows: int) -> None:
    assert part_rows(columns, edges) == rows


# What predictions of the rows took on one core, without the start of a process.
TOOK = [
    (200_000, 4, 1, 0.069),
    (200_000, 11, 45, 0.122),
    (50_000, 11, 1_440, 0.116),
    (50_000, 59, 1_060, 0.182),
]


@pytest.mark.parametrize(("rows", "columns", "edges", "seconds"), TOOK)
def test_the_expected_seconds_are_within_a_factor_of_two_of_what_it_took(
    rows: int, columns: int, edges: int, seconds: float
) -> None:
    many = 100
    assert 0.5 < predict_seconds(many * rows, columns, edges) / (many * seconds) < 2
