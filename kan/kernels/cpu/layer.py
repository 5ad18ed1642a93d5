"""Where the numbers of one layer stand in the flat arrays that the kernels read."""

from typing import NamedTuple

from kan.kernels.cpu.compiled import compiled
from kan.kernels.cpu.vector import take


class Layer(NamedTuple):
    """Sizes of a layer and where its numbers start; every field is a whole number.

    Attributes:
        inputs, outputs: nodes before it, sums behind it (products of sums are not counted).
        stride: floats from one row of weights to the next: the outputs padded to whole vectors.
        grid, support: intervals; degree + 1, the functions that are not zero at a point.
        has_base, is_uniform, is_zero_outside: 0 or 1.
        grids, constants: first number of its grids, of its formulas' (a, b, c, d).
        starts, bases: lists by input: first weight of its coefficients (or levels), of its base branch.
        columns, splines, trainable: lists by input: its first trainable number, how many rows its functions (or levels)
            have, and with its base branch.
        levels, n_levels: list of (input, number of levels).
        products, n_products, plain: list of how many sums each product node takes; the first `plain` sums are nodes.
        nodes: nodes behind it.
        formulas, n_formulas: list of (source, target, function).
        terms_before, values_before, sums_before: floats per row that earlier layers take in the work space.
    """

    inputs: int
    outputs: int
    stride: int
    grid: int
    support: int
    has_base: int
    is_uniform: int
    is_zero_outside: int
    grids: int
    constants: int
    starts: int
    bases: int
    columns: int
    splines: int
    trainable: int
    levels: int
    n_levels: int
    products: int
    n_products: int
    plain: int
    nodes: int
    formulas: int
    n_formulas: int
    terms_before: int
    values_before: int
    sums_before: int


FIELDS = len(Layer._fields)


@compiled
def layer_at(plan, number):
    """Reads a layer's sizes; the plan starts with the number of layers and the work space a row takes."""
    at = 4 + number * FIELDS
    return Layer(
        plan[at], plan[at + 1], plan[at + 2], plan[at + 3], plan[at + 4], plan[at + 5], plan[at + 6], plan[at + 7],
        plan[at + 8], plan[at + 9], plan[at + 10], plan[at + 11], plan[at + 12], plan[at + 13], plan[at + 14],
        plan[at + 15], plan[at + 16], plan[at + 17], plan[at + 18], plan[at + 19], plan[at + 20], plan[at + 21],
        plan[at + 22], plan[at + 23], plan[at + 24], plan[at + 25],
    )  # fmt: skip


@compiled
def is_category(layer, plan, i):
    """Tells whether an input has levels; the trainable numbers of those come after all others of the layer."""
    found = False
    for category in range(layer.n_levels):
        found = found or take(plan, layer.levels + 2 * category) == i
    return found
