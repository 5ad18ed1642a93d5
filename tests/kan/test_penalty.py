"""The penalty matrix against sums of squared differences written out."""

import pytest
import torch

from kan.jacobian import parameter_vector
from kan.network import Kan
from kan.penalty import (
    constant_penalty,
    difference_penalties,
    edge_blocks,
    jerk_penalty,
    parameter_blocks,
    penalty_matrix,
    penalty_product,
)
from tests.kan.kernels.cpu.definition import with_everything
from tests.kan.training import randomised

SHAPES = [
    {"widths": [2, 3, 1], "base": "zero"},
    {"widths": [2, 2], "base": "silu"},
    {"widths": [3, 2, 1], "input_levels": (None, 3, None)},
]


def penalty_by_hand(network: Kan, curvature: float, slope: float, ridge: float) -> float:
    total = 0.0
    for layer in network.kan_layers:
        coefficients = layer.coefficients().detach()
        total += curvature * layer.grid**3 * float(coefficients.diff(n=2, dim=1).square().sum())
        total += 1e-16 * layer.grid**5 * float(coefficients.diff(n=3, dim=1).square().sum())
        total += slope * layer.grid * float(coefficients.diff(dim=1).square().sum())
        if layer.base == "silu":
            total += slope * float(layer.base_weights().detach().square().sum())
        levels = layer.weights.detach()[layer.per_number * len(layer.numbers) :]
        total += max(slope, 1e-6) * float(levels.square().sum())
        total += ridge * float(layer.weights.detach().square().sum())
    return 0.5 * total


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("curvature", "slope"), [(0.3, 0.0), (0.0, 0.2), (1e-3, 1e-2)])
def test_quadratic_form_is_the_sum_of_squared_differences(
    shape: dict[str, object], curvature: float, slope: float
) -> None:
    network = randomised(Kan(**shape))  # type: ignore[arg-type]
    matrix = penalty_matrix(network, constant_penalty(network, curvature, slope), 1e-5)
    weights = parameter_vector(network)
    assert torch.equal(matrix, matrix.T)
    expected = penalty_by_hand(network, curvature, slope, 1e-5)
    assert 0.5 * float(weights @ matrix @ weights) == pytest.approx(expected, rel=1e-12)


def test_straight_lines_have_no_curvature_and_constants_no_slope() -> None:
    second, first = difference_penalties(Kan([1, 1], grid=6).kan_layers[0])
    line, constant = torch.arange(9, dtype=torch.float64), torch.ones(9, dtype=torch.float64)
    assert float(line @ second @ line) == pytest.approx(0.0, abs=1e-9)
    assert float(constant @ first @ constant) == pytest.approx(0.0, abs=1e-12)
    assert float(line @ first @ line) == pytest.approx(6 * 8)


def test_parabolas_have_no_jerk() -> None:
    jerk = jerk_penalty(Kan([1, 1], grid=6).kan_layers[0])
    places = torch.arange(9, dtype=torch.float64)
    assert float(places**2 @ jerk @ places**2) == pytest.approx(0.0, abs=1e-6)
    # Third differences of j^3 are 6, and there are six of them.
    assert float(places**3 @ jerk @ places**3) == pytest.approx(6 * 36 * 6**5)


def test_smallest_grid_and_degree_have_penalties_too() -> None:
    network = Kan([1, 1], grid=1, degree=1)
    assert penalty_matrix(network, constant_penalty(network, 1.0, 1.0)).shape == (3, 3)


def test_blocks_name_every_parameter_once() -> None:
    network = Kan([3, 2, 2], input_levels=(None, 3, None))
    blocks = list(edge_blocks(network))
    indices = torch.cat([part.flatten() for b in blocks for part in (b.edges, b.levels, b.base)])
    assert sorted(indices.tolist()) == list(range(len(parameter_vector(network))))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_product_without_the_matrix_is_the_product_with_it(shape: dict[str, object]) -> None:
    network = randomised(Kan(**shape))  # type: ignore[arg-type]
    penalties, weights = constant_penalty(network, 0.3, 0.2), parameter_vector(network)
    expected = penalty_matrix(network, penalties, 1e-5) @ weights
    torch.testing.assert_close(penalty_product(network, penalties, 1e-5)(weights), expected, rtol=1e-12, atol=1e-12)


def test_constants_of_formulas_have_no_penalty() -> None:
    network = Kan.from_state(with_everything())
    penalties = constant_penalty(network, 0.3, 0.2)
    matrix, weights = penalty_matrix(network, penalties, 1e-5), parameter_vector(network)
    constants = torch.cat([block.constants.flatten() for block in edge_blocks(network)])
    assert len(constants) == 4 * (4 + 3)
    wanted = torch.cat([layer.formulas.constants.flatten() for layer in network.kan_layers if layer.formulas]).detach()
    assert torch.equal(weights[constants], wanted)
    assert not matrix[constants].any()
    torch.testing.assert_close(penalty_product(network, penalties, 1e-5)(weights), matrix @ weights)
    places = torch.cat([block.flatten() for block in parameter_blocks(network)])
    assert torch.equal(places.sort().values, torch.arange(len(weights)))
