"""Product nodes: from sums to nodes, and derivatives by nodes back to derivatives by sums.

Source: KAN 2.0, arXiv 2408.10205, section 2.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def node_values(sums: Float[Tensor, "rows sums"], products: Sequence[int]) -> Float[Tensor, "rows nodes"]:
    """Gives the sums that no product takes, which come first, then the products.

    Args:
        sums: (rows, sums).
        products: how many sums each product node multiplies.
    """
    if not products:
        return sums
    plain, *groups = sums.split(_sizes(sums, products), dim=1)
    return torch.cat([plain, *(group.prod(dim=1, keepdim=True) for group in groups)], dim=1)


def pull_nodes(
    by_node: Float[Tensor, "rows nodes"], sums: Float[Tensor, "rows sums"], products: Sequence[int]
) -> Float[Tensor, "rows sums"]:
    """Gives derivatives by the sums from those by the nodes: of a factor, times all the others."""
    if not products:
        return by_node
    plain, *groups = sums.split(_sizes(sums, products), dim=1)
    pulls = [by_node[:, : plain.shape[1]]]
    for number, group in enumerate(groups, start=plain.shape[1]):
        others = [torch.cat([group[:, :k], group[:, k + 1 :]], dim=1).prod(dim=1) for k in range(group.shape[1])]
        pulls.append(torch.stack(others, dim=1) * by_node[:, number, None])
    return torch.cat(pulls, dim=1)


def shared_scale(scale: Float[Tensor, " nodes"], sums: int, products: Sequence[int]) -> Float[Tensor, " sums"]:
    """Gives by what to multiply every sum, so that node n becomes scale[n] > 0 times as large."""
    plain = sums - sum(products)
    parts = [scale[plain + n].pow(1.0 / arity).expand(arity) for n, arity in enumerate(products)]
    return torch.cat([scale[:plain], *parts])


def _sizes(sums: Tensor, products: Sequence[int]) -> list[int]:
    return [sums.shape[1] - sum(products), *products]
