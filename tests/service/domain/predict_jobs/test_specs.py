"""How a predict job is cut into parts."""

from __future__ import annotations

import pytest

from service.domain.predict_jobs.specs import part_rows


@pytest.mark.parametrize(
    ("columns", "edges", "rows"),
    [(9, 100, 50_000), (400, 100, 2_500), (9, 320_000, 625), (10**7, 100, 1), (9, 10**9, 1)],
)
def test_a_part_is_bounded_by_rows_cells_and_evaluated_edges(columns: int, edges: int, rows: int) -> None:
    assert part_rows(columns, edges) == rows
