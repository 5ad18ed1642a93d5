"""The split: every row has one part, the shares are right, classes are cut alike."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kan.split import Part, split_rows
from tests.kan.training import global_seeds


def counts(parts: NDArray[np.uint8]) -> list[int]:
    return [int((parts == part).sum()) for part in Part]


def test_shares_are_those_asked_for() -> None:
    parts = split_rows(np.ones(100, dtype=bool), test_fraction=0.2, validation_fraction=0.25, seed=0)
    assert counts(parts) == [60, 20, 20, 0]


def test_rows_without_a_target_are_unused_and_change_no_share() -> None:
    usable = np.arange(100) % 4 != 0
    parts = split_rows(usable, test_fraction=0.2, validation_fraction=0.2, seed=0)
    assert np.array_equal(parts == Part.UNUSED, ~usable)
    assert counts(parts) == [48, 12, 15, 25]


def test_same_seed_same_split_and_another_seed_another() -> None:
    first, same, other = (
        split_rows(np.ones(50, dtype=bool), test_fraction=0.2, validation_fraction=0.2, seed=seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_global_seed_is_left_alone() -> None:
    before = global_seeds()
    split_rows(np.ones(50, dtype=bool), test_fraction=0.2, validation_fraction=0.2, seed=0)
    assert global_seeds() == before


def test_every_class_is_cut_alike() -> None:
    strata = np.repeat([0, 1, 2], [600, 300, 100])
    parts = split_rows(np.ones(1000, dtype=bool), test_fraction=0.2, validation_fraction=0.25, seed=3, strata=strata)
    for part, share in ((Part.TRAIN, 0.6), (Part.VALIDATION, 0.2), (Part.TEST, 0.2)):
        found = np.bincount(strata[parts == part], minlength=3)
        # One row more or less where a class ends inside a step.
        assert np.abs(found - share * np.array([600, 300, 100])).max() <= 2


def test_order_of_rows_does_not_follow_the_table() -> None:
    parts = split_rows(np.ones(1000, dtype=bool), test_fraction=0.5, validation_fraction=0.0, seed=0)
    halves = [(parts[:500] == Part.TEST).sum(), (parts[500:] == Part.TEST).sum()]
    assert all(200 < half < 300 for half in halves)


@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_few_rows_are_split_too(rows: int) -> None:
    parts = split_rows(np.ones(rows, dtype=bool), test_fraction=0.2, validation_fraction=0.2, seed=0)
    assert len(parts) == rows
    assert counts(parts) == {0: [0, 0, 0, 0], 1: [1, 0, 0, 0], 2: [2, 0, 0, 0], 5: [3, 1, 1, 0]}[rows]


@given(rows=st.integers(0, 60), test=st.floats(0, 0.99), validation=st.floats(0, 0.99), seed=st.integers(0, 2**53 - 1))
def test_every_part_has_its_rounded_share(rows: int, test: float, validation: float, seed: int) -> None:
    parts = split_rows(np.ones(rows, dtype=bool), test_fraction=test, validation_fraction=validation, seed=seed)
    tests = round(rows * test)
    validations = round((rows - tests) * validation)
    assert counts(parts) == [rows - tests - validations, validations, tests, 0]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rare", [1, 2])
@pytest.mark.parametrize("place", ["first", "last"])
def test_class_of_one_or_two_rows_is_trained_and_no_part_changes_its_size(seed: int, rare: int, place: str) -> None:
    strata = np.repeat([0, 1], [rare, 60 - rare] if place == "first" else [60 - rare, rare])
    parts = split_rows(np.ones(60, dtype=bool), test_fraction=0.2, validation_fraction=0.2, seed=seed, strata=strata)
    assert set(strata[parts == Part.TRAIN]) == {0, 1}
    assert counts(parts) == [38, 10, 12, 0]


def test_split_of_classes_that_all_have_training_rows_is_left_as_it_was() -> None:
    parts = split_rows(
        np.ones(20, dtype=bool), test_fraction=0.2, validation_fraction=0.2, seed=0, strata=np.repeat([0, 1], [14, 6])
    )
    assert np.flatnonzero(parts == Part.TEST).tolist() == [8, 12, 14, 17]
    assert np.flatnonzero(parts == Part.VALIDATION).tolist() == [10, 11, 18]


@given(strata=st.lists(st.integers(0, 8), max_size=40), fraction=st.floats(0, 0.9), seed=st.integers(0, 99))
def test_no_class_goes_untrained_while_another_has_a_training_row_to_spare(
    strata: list[int], fraction: float, seed: int
) -> None:
    classes, usable = np.array(strata, dtype=np.int64), np.ones(len(strata), dtype=bool)
    split = partial(split_rows, usable, test_fraction=fraction, validation_fraction=0.2, seed=seed)
    parts = split(strata=classes)
    trained = np.bincount(classes[parts == Part.TRAIN], minlength=9)
    assert all(trained[classes] > 0) or trained.max() < 2
    assert counts(parts) == counts(split())
