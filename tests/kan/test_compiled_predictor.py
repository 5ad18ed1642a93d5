"""The compiled predictor against the definition: both precisions, alone and among many, and before it is compiled."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kan.compiled_predictor import Predictor
from kan.errors import ShapeMismatch
from kan.kernels.native.compiling import KERNELS, Kernels
from kan.predictor import contributions, evaluate
from kan.state import EdgeFormula
from kan.symbolic.bessel import bessel
from tests.kan.kernels.cpu.cases import EVERY, NETWORKS, rows, seeds
from tests.kan.kernels.cpu.definition import slow_outputs
from tests.kan.networks import random_network


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    KERNELS.wait()


@EVERY
def test_outputs_equal_the_definition(name: str) -> None:
    state = NETWORKS[name]()
    x = rows(state)
    np.testing.assert_allclose(Predictor(state).evaluate(x), slow_outputs(state, x), rtol=1e-10, atol=1e-10)


@EVERY
def test_row_alone_gives_the_same_bits_as_among_many(name: str) -> None:
    state = NETWORKS[name]()
    predictor, x = Predictor(state), rows(state, 70)
    among = predictor.evaluate(x)
    assert all(np.array_equal(predictor.evaluate(x[n : n + 1])[0], among[n]) for n in range(len(x)))


@EVERY
def test_float32_is_near_float64(name: str) -> None:
    state = NETWORKS[name]()
    x = rows(state).astype(np.float32)
    found, expected = Predictor(state, np.float32).evaluate(x), Predictor(state).evaluate(x)
    assert found.dtype == np.float32
    # A jump of a slope, or an end where it falls to zero, may lie on the other side of a rounded number.
    wrong = np.abs(found - expected) > 2e-3 * (1.0 + np.abs(expected))
    assert wrong.any(axis=1).mean() < 0.06


@EVERY
def test_input_gradient_is_the_slope_of_the_outputs(name: str) -> None:
    state = NETWORKS[name]()
    predictor, pull, step = Predictor(state), seeds(state, 70), 1e-7
    x = np.random.default_rng(8).uniform(-1.4, 1.4, (70, state.widths[0]))
    levels = [table.source for table in state.layers[0].levels]
    x[:, levels] = 1.0
    found = predictor.input_gradient(x, pull)
    assert not found[:, levels].any()
    for i in set(range(state.widths[0])) - set(levels):
        side = np.zeros(state.widths[0])
        side[i] = step
        slope = (pull * (predictor.evaluate(x + side) - predictor.evaluate(x - side))).sum(axis=1) / (2 * step)
        right = np.isclose(found[:, i], slope, rtol=1e-5, atol=1e-5)
        # A step across a knot of degree 1, or out of a grid that ends in zero, has no slope.
        assert right.all() or ("zero outside" in name or ("degree 1" in name and right.mean() > 0.9))


def test_j0_has_its_value_and_slope_near_and_far() -> None:
    x = np.array([0.0, 2.4, -24.999, 25.0, -600.5, 12345.678, 1e9])[:, None]
    plain = random_network(1, 1)
    edge = EdgeFormula(0, 0, "j0", 1.0, 1.0, 0.0, 0.0)
    predictor = Predictor(replace(plain, layers=(replace(plain.layers[0], mask=np.zeros((1, 1)), formulas=(edge,)),)))
    np.testing.assert_allclose(predictor.evaluate(x), bessel(0, x, np), rtol=0, atol=1e-15)
    np.testing.assert_allclose(predictor.input_gradient(x, np.ones_like(x)), -bessel(1, x, np), rtol=0, atol=1e-15)


def test_threads_that_share_a_predictor_get_the_same_bits() -> None:
    state = NETWORKS["wide"]()
    predictor, x = Predictor(state), rows(state, 1_000)
    expected = predictor.evaluate(x)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: predictor.evaluate(x), range(40)))
    assert all(np.array_equal(part, expected) for part in found)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(np.asfortranarray, id="by columns"),
        pytest.param(lambda x: x[:, ::-1][:, ::-1], id="backwards twice"),
        pytest.param(lambda x: np.repeat(x, 2, axis=0)[::2], id="every second row"),
        pytest.param(lambda x: x.astype(">f8"), id="other byte order"),
        pytest.param(lambda x: x.tolist(), id="lists"),
    ],
)
def test_any_array_of_the_numbers_gives_the_same_bits(change: object) -> None:
    state = random_network(3, 2)
    predictor, x = Predictor(state), np.random.default_rng(0).normal(size=(9, 3))
    assert np.array_equal(predictor.evaluate(change(x)), predictor.evaluate(x))  # type: ignore[operator]


def test_no_rows_give_no_rows() -> None:
    predictor = Predictor(random_network(3, 2))
    assert predictor.evaluate(np.empty((0, 3))).shape == (0, 2)
    assert predictor.input_gradient(np.empty((0, 3)), np.empty((0, 2))).shape == (0, 3)


@pytest.mark.parametrize("shape", [(4, 2), (4, 4), (3,), (2, 3, 3), ()])
def test_rows_of_another_width_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeMismatch, match="x: expected shape"):
        Predictor(random_network(3, 2)).evaluate(np.zeros(shape))


def test_gradient_refuses_weights_that_fit_no_row() -> None:
    predictor = Predictor(random_network(3, 2))
    for shape in ((4, 3), (3, 2)):
        with pytest.raises(ShapeMismatch, match="by_output"):
            predictor.input_gradient(np.zeros((4, 3)), np.zeros(shape))


def test_before_the_kernels_are_compiled_the_definition_answers(tmp_path: Path) -> None:
    never = Kernels([tmp_path], (sys.executable, "-c", "raise SystemExit(1)"))
    state = NETWORKS["levels"]()
    predictor, x = Predictor(state, kernels=never), rows(state)
    assert np.array_equal(predictor.evaluate(x), evaluate(state, x))
    assert Predictor(state, np.float32, never).evaluate(x).dtype == np.float32


@pytest.mark.parametrize("name", ["levels", "pruned", "formulas", "products", "zero outside", "no base"])
def test_contributions_sum_to_the_sums(name: str) -> None:
    state = NETWORKS[name]()
    x, first = rows(state), replace(state, layers=(replace(state.layers[0], products=()),))
    np.testing.assert_allclose(contributions(state, x).sum(axis=1), slow_outputs(first, x), rtol=1e-12, atol=1e-12)
