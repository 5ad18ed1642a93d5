"""Where the numbers of one layer stand in the flat arrays that the kernels read."""

from kan.kernels.cpu.compiled import compiled
from kan.kernels.cpu.sizes import FIELDS, Layer
from kan.kernels.cpu.vector import take


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
