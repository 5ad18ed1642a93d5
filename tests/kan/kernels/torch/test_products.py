"""Products of sums: values and pulls against autograd and plain products, zeros among the factors too."""

import pytest
import torch

from kan.kernels.torch.products import node_values, pull_nodes, shared_scale
from tests.kan.training import uniform


@pytest.mark.parametrize("products", [(), (2,), (2, 3), (5,)])
def test_nodes_are_the_plain_sums_and_then_the_products(products: tuple[int, ...]) -> None:
    sums, plain = uniform(20, 5), 5 - sum(products)
    parts, first = [sums[:, :plain]], plain
    for arity in products:
        parts.append(torch.stack([sums[:, first + k] for k in range(arity)]).prod(0)[:, None])
        first += arity
    torch.testing.assert_close(node_values(sums, products), torch.cat(parts, dim=1), rtol=1e-15, atol=0)


@pytest.mark.parametrize("products", [(), (2,), (2, 3), (5,)])
def test_pull_is_the_gradient_where_factors_are_zero_too(products: tuple[int, ...]) -> None:
    sums = uniform(20, 5)
    sums[0], sums[1, ::2], sums[2, 4] = 0.0, 0.0, 0.0
    pull = uniform(20, 5 - sum(products) + len(products), seed=1)
    (expected,) = torch.autograd.grad(node_values(sums.requires_grad_(), products), sums, pull)
    torch.testing.assert_close(pull_nodes(pull, sums.detach(), products), expected, rtol=1e-13, atol=1e-15)


def test_factors_share_the_scale_of_their_product() -> None:
    sums, scale = uniform(9, 6), torch.tensor([2.0, 3.0, 0.01], dtype=torch.float64)
    found = node_values(sums * shared_scale(scale, 6, (2, 3)), (2, 3))
    torch.testing.assert_close(found, node_values(sums, (2, 3)) * scale, rtol=1e-14, atol=0)
