"""Rows of a problem: views where they follow one another, folds that cut the training rows alike."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import torch

from kan.losses import SquaredError
from kan.problem import FOLDS, Problem, Rows
from kan.split import Part
from tests.kan.training import uniform

X, Y = uniform(100, 2), uniform(100, 1, seed=1)


def problem(parts: Sequence[int]) -> Problem:
    return Problem(X, Y, np.array(parts, dtype=np.uint8), SquaredError(), (None, None), 1, seed=3)


SORTED = problem([Part.TRAIN] * 80 + [Part.VALIDATION] * 20)
MIXED = problem([Part.VALIDATION, Part.TRAIN, Part.TRAIN, Part.TRAIN, Part.TRAIN] * 20)


def indices(rows: Rows) -> list[int]:
    return list(rows) if isinstance(rows, range) else [int(row) for row in rows]


def test_rows_that_follow_one_another_are_views() -> None:
    x, y = SORTED.at(SORTED.validation)
    assert torch.equal(x, X[80:])
    assert x.untyped_storage().data_ptr() == X.untyped_storage().data_ptr()
    assert y.untyped_storage().data_ptr() == Y.untyped_storage().data_ptr()


def test_rows_in_any_order_are_the_marked_ones() -> None:
    assert indices(MIXED.validation) == list(range(0, 100, 5))
    assert torch.equal(MIXED.at(MIXED.train)[0], X[[row for row in range(100) if row % 5]])
    assert indices(problem([Part.TRAIN] * 100).validation) == []


def test_folds_cover_every_row_once_and_the_first_is_the_validation_part() -> None:
    for one in (SORTED, MIXED):
        folds = [indices(one.fold(number)) for number in range(FOLDS)]
        assert sorted(chain.from_iterable(folds)) == list(range(100))
        assert [len(fold) for fold in folds] == [20] * FOLDS
        assert folds[0] == indices(one.validation)
        assert sorted(folds[2] + indices(one.without_fold(2))) == list(range(100))


def test_sample_is_drawn_without_replacement_in_order_and_by_its_seed() -> None:
    for one in (SORTED, MIXED):
        drawn = indices(one.sample(one.train, 30, seed=1))
        assert len(set(drawn)) == 30
        assert drawn == sorted(drawn)
        assert set(drawn) <= set(indices(one.train))
        assert drawn == indices(one.sample(one.train, 30, seed=1)) != indices(one.sample(one.train, 30, seed=2))


def test_sample_of_few_rows_is_all_of_them() -> None:
    assert SORTED.sample(SORTED.train, 80, seed=0) == range(80)


def test_rows_with_nan_or_infinity_are_not_finite() -> None:
    assert SORTED.is_finite
    for bad in (float("nan"), float("inf")):
        y = Y.clone()
        y[99] = bad
        assert not Problem(X, y, SORTED.parts, SquaredError(), (None, None), 1, seed=0).is_finite
