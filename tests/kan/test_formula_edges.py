"""Formula edges: values against the predictor, derivatives against autograd, changes against what they promise."""

import pytest
import torch

from kan.formula_edges import FormulaEdges
from kan.predictor import formula_values
from kan.state import EdgeFormula
from tests.kan.training import uniform

FORMULAS = (
    EdgeFormula(0, 1, "sin", 0.7, 3.0, 0.1, -0.2),
    EdgeFormula(2, 0, "exp", -1.2, 0.4, 0.3, 1.0),
    EdgeFormula(1, 1, "x^3", 0.5, -1.0, 0.2, 0.0),
    EdgeFormula(2, 2, "j0", 1.5, 2.0, 0.0, 0.1),
)


def sums(edges: FormulaEdges, x: torch.Tensor) -> torch.Tensor:
    return edges.added(x.new_zeros(len(x), 3), edges(x))


def test_values_are_those_of_the_predictor() -> None:
    edges, x = FormulaEdges(FORMULAS), uniform(30, 3)
    assert edges.state() == FORMULAS
    expected = torch.zeros(30, 3, dtype=torch.float64)
    for formula in FORMULAS:
        expected[:, formula.target] += torch.from_numpy(formula_values(formula, x[:, formula.source].numpy()))
    torch.testing.assert_close(sums(edges, x).detach(), expected, rtol=0, atol=1e-14)
    torch.testing.assert_close(edges.design(x).values, edges(x).detach(), rtol=0, atol=1e-15)


def test_derivatives_are_those_of_autograd() -> None:
    edges, x, delta = FormulaEdges(FORMULAS), uniform(8, 3).requires_grad_(), uniform(8, 3, seed=1)
    features = edges.design(x.detach())
    (by_inputs,) = torch.autograd.grad((sums(edges, x) * delta).sum(), x)
    torch.testing.assert_close(edges.pull_back(delta, features, 3), by_inputs, rtol=1e-12, atol=1e-14)
    for row in range(8):
        total = (sums(edges, x[row : row + 1]) * delta[row]).sum()
        (by_constants,) = torch.autograd.grad(total, edges.constants)
        found = edges.jacobian(delta, features)[row].view(4, 4)
        torch.testing.assert_close(found, by_constants, rtol=1e-12, atol=1e-14)


def test_features_of_some_rows_are_those_of_the_rows_alone() -> None:
    edges, x, kept = FormulaEdges(FORMULAS), uniform(8, 3), torch.tensor([1, 6])
    found, expected = edges.design(x).some(kept), edges.design(x[kept])
    assert torch.equal(found.values, expected.values)
    assert torch.equal(found.by_constants, expected.by_constants)
    assert torch.equal(found.slopes, expected.slopes)


def test_sums_are_scaled_and_shifted_once_each() -> None:
    edges, x = FormulaEdges(FORMULAS[:3]), uniform(8, 3)
    before = sums(edges, x).detach()
    scale = torch.tensor([2.0, 0.5, 7.0], dtype=torch.float64)
    edges.scale_sums(scale)
    left = edges.shift_sums(torch.tensor([1.0, -3.0, 4.0], dtype=torch.float64))
    assert left.tolist() == [0.0, 0.0, 4.0]
    expected = scale * before + torch.tensor([1.0, -3.0, 0.0])
    torch.testing.assert_close(sums(edges, x).detach(), expected, rtol=0, atol=1e-14)


def test_mapped_inputs_give_the_same_function() -> None:
    edges, x = FormulaEdges(FORMULAS), uniform(8, 3)
    before = edges(x).detach()
    scale, shift = torch.tensor([2.0, 0.1, 3.0], dtype=torch.float64), torch.tensor([5.0, 0.0, -1.0])
    edges.map_inputs(scale, shift)
    torch.testing.assert_close(edges(scale * x + shift).detach(), before, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_constants_follow_the_type_of_their_layer(dtype: torch.dtype) -> None:
    assert FormulaEdges(FORMULAS).to(dtype)(uniform(3, 3).to(dtype)).dtype == dtype
