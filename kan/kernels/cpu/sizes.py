"""What a layer's plan holds, for Python and for the kernels; this file needs no numba."""

from typing import NamedTuple


class Layer(NamedTuple):
    """Sizes of a layer and where its numbers start; every field is a whole number.

    Attributes:
        inputs, outputs: nodes before it, sums behind it (products of sums are not counted).
        stride: floats from one row of weights to the next: the outputs padded to whole vectors.
        grid, support: intervals; degree + 1, the functions that are not zero at a point.
        has_base, is_uniform, is_zero_outside: 0 or 1.
        grids, constants: first number of its grids, and among the weights of its formulas' (a, b, c, d).
        starts, bases: lists by input: first weight of its coefficients (or levels), of its base branch.
        columns, splines, trainable: lists by input: its first trainable number, how many rows its functions (or levels)
            have, and with its base branch.
        levels, n_levels: list of (input, number of levels).
        products, n_products, plain: list of how many sums each product node takes; the first `plain` sums are nodes.
        nodes: nodes behind it.
        formulas, n_formulas: list of (source, target, function, first of its four trainable numbers).
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
# Whole numbers that the plan holds of each formula.
FORMULA_NUMBERS = 4
