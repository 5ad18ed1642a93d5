"""The logistic function on vectors: the base branch silu(x) = x * sigmoid(x) needs it for every row and input."""

from kan.kernels.cpu.compiled import compiled
from kan.kernels.cpu.vector import larger, scaled_bits, smaller

# log2(e); ln 2 in two parts, the first with few bits, so that k * LN2_HIGH is exact.
LOG2_E, LN2_HIGH, LN2_LOW = 1.4426950408889634, 0.693359375, -2.12194440054690583e-4


@compiled
def sigmoid(x, is_double):
    """Gives 1 / (1 + exp(-x)), to two units in the last place; 0 and 1 far out."""
    return 1.0 / (exponential(0.0 - x, is_double) + 1.0)


@compiled
def exponential(x, is_double):
    """Gives exp(x) for |x| up to 87 (float32) or 700 (float64), beyond that of the bound.

    x = k ln 2 + r, exp(x) = 2^k * (Taylor polynomial of r, |r| <= ln 2 / 2).
    """
    bound = 700.0 if is_double else 87.0
    x = larger(smaller(x, x * 0.0 + bound), x * 0.0 - bound)
    # Adding 1.5 * 2^mantissa rounds to a whole number and leaves it in the lowest bits.
    rounder = 6755399441055744.0 if is_double else 12582912.0
    shifted = x * LOG2_E + rounder
    k = shifted - rounder
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    p = r * (1.0 / 5040.0) + 1.0 / 720.0
    if is_double:
        p = r * (1.0 / 6227020800.0) + 1.0 / 479001600.0
        p = ((p * r + 1.0 / 39916800.0) * r + 1.0 / 3628800.0) * r + 1.0 / 362880.0
        p = ((p * r + 1.0 / 40320.0) * r + 1.0 / 5040.0) * r + 1.0 / 720.0
    p = ((p * r + 1.0 / 120.0) * r + 1.0 / 24.0) * r + 1.0 / 6.0
    p = (p * r + 0.5) * r * r + r + 1.0
    return p * scaled_bits(shifted)
