"""A certificate states what the outputs really changed by, in the units of the data."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.certificate import certificate
from kan.encoding import decode
from kan.errors import ShapeMismatch
from kan.prune import prune_edge
from kan.snapped import with_formula
from kan.state import EdgeFormula
from tests.kan.kernels.cpu.definition import slow_outputs
from tests.kan.networks import mixed_network, random_network, rows_for


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_certificate_equals_the_difference_of_decoded_answers(seed: int) -> None:
    before = mixed_network(seed)
    source, target = np.argwhere(before.layers[-1].live)[0]
    after, x = prune_edge(before, len(before.layers) - 1, int(source), int(target)), rows_for(before)
    assert before.encoding is not None
    change = np.subtract(
        decode(before.encoding, slow_outputs(after, x)), decode(before.encoding, slow_outputs(before, x))
    )
    found = certificate(before, after, x)
    assert found.outputs == ("y", "z")
    assert (found.rows, found.undefined_rows) == (50, 0)
    np.testing.assert_allclose(found.max_change, np.abs(change).max(axis=0), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found.rms_change, np.sqrt(np.square(change).mean(axis=0)), rtol=1e-9, atol=1e-11)


def test_same_network_changes_nothing() -> None:
    state = random_network(2, 3, 2)
    found = certificate(state, state, rows_for(state))
    assert found.outputs == ("y1", "y2")
    assert found.max_change == found.rms_change == (0.0, 0.0)


def test_change_over_many_blocks_of_rows_is_that_of_all_rows() -> None:
    before = random_network(2, 1)
    after, x = prune_edge(before, 0, 0, 0), rows_for(before, rows=120_000)
    change = slow_outputs(after, x) - slow_outputs(before, x)
    np.testing.assert_allclose(certificate(before, after, x).rms_change, np.sqrt(np.square(change).mean(axis=0)))


def test_enormous_change_is_still_a_number() -> None:
    before = random_network(1, 1)
    layer = before.layers[0]
    huge = replace(before, layers=(replace(layer, coefficients=1e200 * np.ones_like(layer.coefficients)),))
    np.testing.assert_allclose(
        certificate(before, huge, np.zeros((3, 1))).rms_change, 1e200 * abs(layer.spline_weight[0, 0])
    )


def test_rows_without_an_answer_afterwards_are_counted_apart() -> None:
    before = random_network(1, 1)
    after = with_formula(before, 0, EdgeFormula(0, 0, "log", 1.0, 1.0, 0.0, 0.0))
    found = certificate(before, after, np.array([[-1.0], [0.5], [-0.5]]))
    assert found.undefined_rows == 2
    # One row is left: its change is the largest and the root mean square one.
    assert np.isfinite(found.max_change).all()
    assert found.rms_change == pytest.approx(found.max_change, rel=1e-12)


def test_an_output_that_no_row_compares_has_no_change_instead_of_none() -> None:
    before = random_network(1, 2)
    after = with_formula(before, 0, EdgeFormula(0, 0, "log", 1.0, 1.0, -5.0, 0.0))
    found = certificate(before, after, np.array([[-1.0], [0.5]]))
    assert (found.undefined_rows, found.max_change[1], found.rms_change[1]) == (2, 0.0, 0.0)
    assert np.isnan([found.max_change[0], found.rms_change[0]]).all()


def test_no_rows_or_other_outputs_are_refused() -> None:
    state = random_network(2, 1)
    with pytest.raises(ShapeMismatch, match="at least one row"):
        certificate(state, state, np.empty((0, 2)))
    with pytest.raises(ShapeMismatch, match="outputs"):
        certificate(state, random_network(2, 2), np.zeros((1, 2)))
