"""Sums of a few rows of a matrix, each times a number: gathered, or as a product of dense matrices."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

# Rows of the matrix per term up to which the dense product is taken. Measured on a CPU, forward and backward, on 1024
# rows, shapes from [4, 10] to [784, 64]: it is faster with 5 (grid 20), mostly slower with 17 (grid 80).
DENSE_SHARE = 10


def sparse_product(
    values: Float[Tensor, "rows terms"], places: Int[Tensor, "rows terms"], weights: Float[Tensor, "features outputs"]
) -> Float[Tensor, "rows outputs"]:
    """Gives the sum over the terms of `values * weights[places]`; differentiable in values and weights.

    Memory: rows * terms numbers gathered, rows * features as a dense matrix.

    Args:
        places: rows of `weights`; different ones within a row.
    """
    if values.shape[1] == 0 or len(values) == 0:
        return values @ weights[: values.shape[1]]
    if len(weights) > DENSE_SHARE * values.shape[1]:
        return torch.nn.functional.embedding_bag(places, weights, per_sample_weights=values, mode="sum")
    dense = values.new_zeros(len(values), len(weights)).scatter(1, places, values)
    return dense @ weights
