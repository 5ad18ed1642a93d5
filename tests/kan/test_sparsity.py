"""The sparsity terms against loops over edges, and what must not change them."""

import numpy as np
import pytest
import torch

from kan.config_sparsity import Sparsity
from kan.losses import CrossEntropy, SquaredError
from kan.network import Kan
from kan.sparsity import SparsityTerms, sparsity, target_spreads
from kan.state import EdgeFormula, LayerState, NetworkState
from kan.statistics import with_statistics
from tests.kan.kernels.cpu.definition import with_everything
from tests.kan.networks import rows_for
from tests.kan.training import randomised, uniform


def spreads_by_rows(state: NetworkState, rows: np.ndarray, targets: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Standard deviations of edges and sums from the statistics of frozen networks; of outputs those of the targets."""
    seen = [layer.statistics for layer in with_statistics(state, rows).layers]
    found = [(one.edge_std, one.node_std.copy()) for one in seen if one is not None]
    plain = state.layers[-1].plain
    found[-1][1][:plain] = targets[:plain]
    return found


def entropy(share: np.ndarray) -> float:
    total = 0.0
    for matrix in (share, share.T):
        for line in matrix:
            p = line / (line.sum() + 1)
            total -= float((p * np.log2(p + 1e-4)).sum()) / len(matrix)
    return total


def sizes_of_coefficients(layer: LayerState, source: int, target: int) -> tuple[float, float]:
    c = layer.mask[source, target] * layer.spline_weight[source, target] * layer.coefficients[source, :, target]
    return float(np.abs(c).mean()), float(np.abs(np.diff(c)).mean())


def terms_by_loops(state: NetworkState, rows: np.ndarray, targets: np.ndarray) -> list[float]:
    node = np.ones(state.widths[-1])
    l1 = disorder = sizes = steps = 0.0
    for layer, (edge_std, sum_std) in zip(
        reversed(state.layers), reversed(spreads_by_rows(state, rows, targets)), strict=True
    ):
        owner = [n for n in range(layer.nodes) for _ in layer.factors(n)]
        share = np.zeros(edge_std.shape)
        for j in range(layer.outputs):
            for i in range(layer.inputs):
                share[i, j] = edge_std[i, j] / sum_std[j] * node[owner[j]]
                if layer.level_table(i) is None:
                    size, step = sizes_of_coefficients(layer, i, j)
                    sizes, steps = (
                        sizes + size / sum_std[j] * node[owner[j]],
                        steps + step / sum_std[j] * node[owner[j]],
                    )
        l1, disorder = l1 + float(share.sum()), disorder + entropy(share)
        node = share.sum(axis=1)
    return [l1, disorder, sizes, steps]


def numbers(terms: SparsityTerms) -> list[float]:
    return [float(term) for term in (terms.l1, terms.entropy, terms.coefficients, terms.steps)]


def test_terms_are_those_of_loops_over_the_edges_of_products_categories_and_formulas() -> None:
    state = with_everything()
    rows = rows_for(state, 300)
    # Training rows have no level that was never seen.
    rows[:, 1] = rows[:, 1] % 3
    targets = np.linspace(0.5, 2.0, state.widths[-1])
    measured = sparsity(Kan.from_state(state), torch.from_numpy(rows), torch.from_numpy(targets))
    assert numbers(measured) == pytest.approx(terms_by_loops(state, rows, targets), rel=1e-9)


def test_total_weighs_the_terms() -> None:
    terms = SparsityTerms(*torch.tensor([3.0, 5.0, 7.0, 11.0], dtype=torch.float64))
    assert float(terms.total(Sparsity(0.1, 1.0, 2.0, 3.0, 4.0))) == pytest.approx(0.1 * (3 + 10 + 21 + 44))
    assert float(terms.total(Sparsity(0.1))) == pytest.approx(0.1 * (3 + 10))


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_units_of_targets_and_of_hidden_nodes_change_nothing(factor: float) -> None:
    network, x = randomised(Kan([2, 3, 2], base="zero")), uniform(200, 2)
    before = numbers(sparsity(network, x, torch.tensor([1.0, 2.0], dtype=torch.float64)))
    hidden = torch.tensor([factor, 1.0, 7.0], dtype=torch.float64)
    outputs = torch.full((2,), factor, dtype=torch.float64)
    network.kan_layers[0].map_nodes(hidden, torch.zeros(3, dtype=torch.float64))
    network.kan_layers[1].map_inputs(hidden, torch.zeros(3, dtype=torch.float64))
    network.kan_layers[1].map_nodes(outputs, torch.zeros(2, dtype=torch.float64))
    after = numbers(sparsity(network, x, factor * torch.tensor([1.0, 2.0], dtype=torch.float64)))
    assert after == pytest.approx(before, rel=1e-9)


def test_edges_that_cancel_cost_more_than_the_edge_that_does_the_same() -> None:
    one, two = Kan([1, 2, 1], base="zero", seed=1), Kan([1, 2, 1], base="zero", seed=1)
    for network, factors in ((one, (1.0, 0.0)), (two, (9.0, -8.0))):
        with torch.no_grad():
            first, last = (layer.weights for layer in network.kan_layers)
            first[:, 1] = first[:, 0]
            last.view(2, -1)[1] = last.view(2, -1)[0]
            last.view(2, -1).mul_(torch.tensor(factors, dtype=torch.float64)[:, None])
    x, target = uniform(100, 1), torch.ones(1, dtype=torch.float64)
    torch.testing.assert_close(one(x), two(x))
    assert float(sparsity(two, x, target).l1) > 10 * float(sparsity(one, x, target).l1)


def test_large_mean_of_a_formula_costs_no_digits() -> None:
    terms = []
    for offset in (0.0, 1e6):
        network = Kan([1, 1])
        network.kan_layers[0].put_formulas([EdgeFormula(0, 0, "x", 1.0, 1.0, 0.0, offset)])
        terms.append(numbers(sparsity(network, uniform(100, 1), torch.ones(1, dtype=torch.float64))))
    assert terms[1] == pytest.approx(terms[0], rel=1e-8)
    assert terms[0][0] == pytest.approx(float(uniform(100, 1).std(correction=0)), rel=1e-9)


def test_spreads_of_targets_are_standard_deviations_and_one_for_constants_and_classes() -> None:
    y = torch.stack([uniform(50, 1)[:, 0], torch.full((50,), 3.0, dtype=torch.float64)], 1)
    assert target_spreads(SquaredError(), y, 2).tolist() == pytest.approx([float(y[:, 0].std(correction=0)), 1.0])
    assert target_spreads(CrossEntropy(), torch.zeros(5, dtype=torch.int64), 3).tolist() == [1.0, 1.0, 1.0]
