"""Both ways to add a few rows of a matrix against a loop, and their derivatives against finite differences."""

import pytest
import torch

from kan.kernels.torch import sparse_product as module
from kan.kernels.torch.sparse_product import sparse_product
from tests.kan.training import uniform

PLACES = torch.tensor([[0, 3, 2], [4, 1, 0]])


@pytest.fixture(params=[0, 1000], ids=["gathered", "dense"])
def share(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    share: int = request.param
    monkeypatch.setattr(module, "DENSE_SHARE", share)
    return share


@pytest.mark.usefixtures("share")
def test_sum_is_that_of_a_loop() -> None:
    values, weights = uniform(2, 3), uniform(5, 4, seed=1)
    expected = torch.stack([(values[n, :, None] * weights[PLACES[n]]).sum(0) for n in range(2)])
    torch.testing.assert_close(sparse_product(values, PLACES, weights), expected, rtol=0, atol=1e-15)


@pytest.mark.usefixtures("share")
def test_derivatives_are_finite_differences() -> None:
    values, weights = uniform(2, 3).requires_grad_(), uniform(5, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda v, w: sparse_product(v, PLACES, w), (values, weights))


@pytest.mark.usefixtures("share")
def test_no_rows_and_no_terms_give_zeros_and_no_gradient() -> None:
    weights = uniform(5, 4).requires_grad_()
    no_rows = sparse_product(torch.zeros(0, 3, dtype=torch.float64), PLACES[:0], weights)
    no_terms = sparse_product(torch.zeros(2, 0, dtype=torch.float64), PLACES[:, :0], weights)
    assert no_rows.shape == (0, 4)
    assert torch.equal(no_terms, torch.zeros(2, 4, dtype=torch.float64))
    (gradient,) = torch.autograd.grad(no_rows.sum() + no_terms.sum(), weights)
    assert not gradient.any()
