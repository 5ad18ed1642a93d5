"""What a version leaves of its held-out rows says how much of its formula is noise; a class says it by its logits."""

from typing import Any

import numpy as np
import pytest

from kan.encoding import BinaryOutput, ClassOutput, Encoding, NumberInput, NumberOutput
from kan.split import Part
from kan.state import NetworkState
from service.domain.reading.noise import hidden_by_noise
from service.domain.version_rows import VersionRows

INPUTS = (NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),)
SAID = np.linspace(-20.0, 20.0, 100)
PARTS = np.where(np.arange(100) < 64, Part.TRAIN, Part.TEST).astype(np.uint8)


def state(*outputs: Any) -> NetworkState:
    return NetworkState((), encoding=Encoding(INPUTS, outputs))


def rows(**columns: Any) -> VersionRows:
    return VersionRows(columns, PARTS)


def test_limit_is_twice_the_held_out_error_over_the_root_of_the_training_rows() -> None:
    left = np.where(PARTS == Part.TRAIN, 5.0, 0.0) + np.where(np.arange(100) % 2, 0.3, -0.3)
    found = hidden_by_noise(state(NumberOutput("y", 0.0, 1.0)), 0, rows(y=SAID + left), SAID[:, None])
    assert found == pytest.approx(2 * 0.3 / 8)


def test_without_held_out_rows_the_others_tell_and_missing_targets_do_not_count() -> None:
    left = np.where(np.arange(100) % 2, 0.4, -0.4)
    left[PARTS != Part.TRAIN] = np.nan
    found = hidden_by_noise(state(NumberOutput("y", 0.0, 1.0)), 0, rows(y=SAID + left), SAID[:, None])
    assert found == pytest.approx(2 * 0.4 / 8)


def test_classes_tell_the_less_the_surer_they_are_and_never_hide_a_hundredth_of_the_spread() -> None:
    logits = np.linspace(-1.0, 1.0, 100)[:, None]
    p = 1.0 / (1.0 + np.exp(-logits[:, 0]))
    binary = hidden_by_noise(state(BinaryOutput("kind", ("a", "b"))), 0, rows(), 400.0 * logits)
    assert binary == pytest.approx(0.01 * (400.0 * logits).std())
    many = np.hstack([np.zeros_like(logits), logits])
    found = hidden_by_noise(state(ClassOutput("kind", ("a", "b"))), 1, rows(), 1e-3 * many)
    assert found == pytest.approx(0.01 * (1e-3 * logits).std())
    spread = np.mean(p * (1.0 - p))
    wide = VersionRows({}, np.full(10**6, Part.TRAIN, dtype=np.uint8))
    told = hidden_by_noise(state(BinaryOutput("kind", ("a", "b"))), 0, wide, np.tile(logits, (10_000, 1)))
    assert told == pytest.approx(2 * spread**-0.5 / 1000.0)


def test_drawn_rows_hide_nothing() -> None:
    drawn = VersionRows({}, PARTS, "drawn from the training ranges")
    assert hidden_by_noise(state(NumberOutput("y", 0.0, 1.0)), 0, drawn, SAID[:, None]) == 0.0


def test_a_network_without_a_value_in_any_row_hides_nothing() -> None:
    nothing = np.full((100, 1), np.nan)
    assert hidden_by_noise(state(NumberOutput("y", 0.0, 1.0)), 0, rows(y=SAID), nothing) == 0.0
    assert hidden_by_noise(state(BinaryOutput("kind", ("a", "b"))), 0, rows(), nothing) == 0.0
