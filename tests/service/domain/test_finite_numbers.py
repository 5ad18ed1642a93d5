"""JSON has no NaN and no infinity."""

from __future__ import annotations

from service.domain.finite_numbers import finite


def test_numbers_that_are_not_finite_become_null() -> None:
    assert finite({"a": [float("nan"), 1.5, {"b": float("inf")}], "c": "text"}) == {
        "a": [None, 1.5, {"b": None}],
        "c": "text",
    }
