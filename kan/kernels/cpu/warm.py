"""`python -m kan.kernels.cpu.warm` compiles the kernels into their cache, at install and in the image.

So no user's first training waits for it. The cache is bound to the type of CPU: another one compiles them once more.
"""

import numpy as np

from kan.kernels.cpu.cpu_network import CpuNetwork
from kan.kernels.cpu.losses import SQUARED
from kan.kernels.native.compiling import KERNELS
from kan.state import LayerState, NetworkState


def warm() -> None:
    """Runs every kernel once as training and serving do; those that are in the cache are only loaded."""
    row = np.zeros((1, 1))
    for is_sparse in (False, True):
        network = CpuNetwork(_one_edge(), is_sparse=is_sparse)
        network.normal_matrix(row, row)
    network.evaluate(row)
    network.gradient(row, row)
    for dtype in (np.float64, np.float32):  # first-order training takes float32
        network = CpuNetwork(_one_edge(), dtype)
        network.loss_gradient(SQUARED, row, row)
        network.set_parameters(np.zeros(network.parameters))


def _one_edge() -> NetworkState:
    one = np.ones((1, 1))
    knots = np.arange(9.0)[None, :]
    return NetworkState((LayerState(3, knots, np.ones((1, 5, 1)), one, one, one),))


if __name__ == "__main__":
    # What serves is compiled by a process of its own, beside what trains.
    KERNELS.functions()
    warm()
    KERNELS.wait()
