"""Generated tables: seeded, in their ranges, with the noise that was asked for; hostile specs are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.domain.errors import BodyTooLarge, InvalidTable
from service.domain.tables.generator import generated_table
from service.domain.tables.parsed import TableLimits

LIMITS = TableLimits(max_bytes=1 << 20, max_rows=10_000, max_columns=5, max_cells=20_000)


def spec(**changes: Any) -> dict[str, Any]:
    return {
        "expression": "exp(sin(pi*x1)+x2**2)",
        "ranges": {"x1": [-1, 1], "x2": [0, 2]},
        "rows": 500,
        "noise": 0.0,
        "seed": 3,
        "target": "y",
    } | changes


def test_target_follows_the_expression_and_inputs_fill_their_ranges() -> None:
    frame = generated_table(spec(), LIMITS)
    x1, x2, y = (frame[name].to_numpy() for name in ("x1", "x2", "y"))
    np.testing.assert_allclose(y, np.exp(np.sin(np.pi * x1) + x2**2), rtol=1e-14)
    assert (x1.min(), x2.min()) > (-1, 0)
    assert x1.max() < 1
    assert 1.9 < x2.max() < 2
    assert frame.columns == ["x1", "x2", "y"]


def test_same_seed_gives_the_same_table_and_another_seed_another() -> None:
    assert generated_table(spec(), LIMITS).equals(generated_table(spec(), LIMITS))
    assert not generated_table(spec(), LIMITS).equals(generated_table(spec(seed=4), LIMITS))


def test_noise_is_a_fraction_of_the_targets_deviation() -> None:
    clean = generated_table(spec(rows=5000), LIMITS)["y"].to_numpy()
    noisy = generated_table(spec(rows=5000, noise=0.1), LIMITS)["y"].to_numpy()
    # 5,000 draws: the sample deviation is within 5 % of the true one at five sigma.
    assert np.std(noisy - clean) == pytest.approx(0.1 * clean.std(), rel=0.05)


def test_constant_expression_gives_a_constant_target() -> None:
    assert generated_table(spec(expression="2*pi"), LIMITS)["y"].n_unique() == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"expression": "__import__('os').system('true')"}, "/generator/expression"),
        ({"expression": "9**9**9"}, "/generator/expression"),
        ({"expression": "(" * 10_000 + "x1" + ")" * 10_000}, "/generator/expression"),
        ({"expression": "log(x1)"}, "/generator/expression"),
        ({"expression": "x3"}, "/generator/expression"),
        ({"expression": 3}, "/generator/expression"),
        ({"ranges": {}}, "/generator/ranges"),
        ({"ranges": {"x1": [1, -1], "x2": [0, 1]}}, "/generator/ranges/x1"),
        ({"ranges": {"x1": [0], "x2": [0, 1]}}, "/generator/ranges/x1"),
        ({"ranges": {"x1": [0, float("inf")], "x2": [0, 1]}}, "/generator/ranges/x1/1"),
        ({"ranges": {"x1": [0, True], "x2": [0, 1]}}, "/generator/ranges/x1/1"),
        ({"ranges": {"sin": [0, 1]}}, "/generator/ranges"),
        ({"ranges": {"pi": [0, 1]}}, "/generator/ranges"),
        ({"ranges": {"lambda": [0, 1]}}, "/generator/ranges"),
        ({"ranges": {"a b": [0, 1]}}, "/generator/ranges"),
        ({"rows": 0}, "/generator/rows"),
        ({"rows": 1.5}, "/generator/rows"),
        ({"rows": True}, "/generator/rows"),
        ({"noise": -1}, "/generator/noise"),
        ({"noise": float("nan")}, "/generator/noise"),
        ({"expression": "1e149*x1", "noise": 1e6}, "/generator/noise"),
        ({"seed": -1}, "/generator/seed"),
        ({"target": "x1"}, "/generator/target"),
        ({"target": '"><script>'}, "/generator/target"),
        ({"colour": 1}, "/generator/colour"),
    ],
)
def test_bad_generator_is_refused_at_once_with_its_pointer(changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidTable) as caught:
        generated_table(spec(**changes), LIMITS)
    assert caught.value.faults[0].pointer == pointer


@pytest.mark.parametrize("seed", [10**30, 1e30, 3.0, -1])
def test_refused_seed_is_told_how_large_it_may_be_and_how_it_is_written(seed: float) -> None:
    with pytest.raises(InvalidTable, match=r"from 0 to 2\*\*63 - 1, written without a point or an exponent"):
        generated_table(spec(seed=seed), LIMITS)


@pytest.mark.parametrize(("rows", "what"), [(10_001, "rows"), (9_000, "cells")])
def test_generated_table_over_a_limit_is_refused(rows: int, what: str) -> None:
    with pytest.raises(BodyTooLarge) as caught:
        generated_table(spec(rows=rows), LIMITS)
    assert caught.value.what == what
