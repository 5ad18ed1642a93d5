"""A network that the compiled kernels evaluate: the only door to them."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from kan.kernels.cpu import jacobian as derivatives
from kan.kernels.cpu import network, normal_matrix
from kan.kernels.cpu.layout import Floats, layout
from kan.kernels.cpu.workspace import SPARE
from kan.state import NetworkState

# Numbers of the widest vector.
STRIDE = 16
# Adding the numbers of a row that are not zero one by one is so much slower than a product of dense matrices
# (measured on [2, 5, 1] to [4, 5, 5, 1], grids 5 to 80: level with the product where those are a quarter of the row).
DENSE_SPEED = 16.0


class CpuNetwork:
    """Outputs and derivatives of a network by its trainable numbers, in one dtype, on one thread, without torch.

    The trainable numbers are the layers' weight matrices one after the other, rows first: per number input its
    coefficients and base weight, then the levels of the categories; by outputs within a row. Pruned edges stay zero.
    Behind each layer's matrix come (a, b, c, d) of each of its formulas.

    Args:
        state: the network as it is; later changes of the numbers come through `set_parameters`.
        dtype: float64 or float32, of all arithmetic.
        is_sparse: whether J'J comes from what is not zero; None chooses the faster way.

    Attributes:
        is_sparse: the choice; J'J then takes no memory per row.
    """

    def __init__(self, state: NetworkState, dtype: DTypeLike = np.float64, *, is_sparse: bool | None = None) -> None:
        self._layout = layout(state, dtype)
        self._arrays = self._layout.plan, self._layout.weights, self._layout.grids
        self._places, self._kept = self._layout.trainable, self._layout.kept
        self.dtype, self.inputs, self.outputs = np.dtype(dtype), self._layout.inputs, self._layout.outputs
        share = self._layout.row_numbers / max(len(self._places), 1)
        self.is_sparse = DENSE_SPEED * share * share < 1.0 if is_sparse is None else is_sparse

    @property
    def parameters(self) -> int:
        """Number of trainable numbers."""
        return len(self._places)

    def vector(self) -> Floats:
        """Gives the trainable numbers as they are, SHAPE (parameters,)."""
        numbers: Floats = self._layout.weights[self._places]
        return numbers

    def set_parameters(self, vector: Floats) -> None:
        """Takes other trainable numbers, SHAPE (parameters,)."""
        network.set_weights(self._layout.weights, self._places, self._kept, vector)

    def evaluate(self, x: Floats) -> Floats:
        """Gives (rows, outputs) for (rows, inputs); the same bits for a row alone as among many."""
        result: Floats = network.outputs(*self._arrays, self._ready(x))
        return result

    def gradient(self, x: Floats, by_output: Floats) -> Floats:
        """Gives the derivatives of sum(by_output * outputs) over all rows, SHAPE (parameters,)."""
        full, none = np.empty_like(self._layout.weights), np.empty((0, self.inputs), self.dtype)
        network.pull_back(*self._arrays, self._ready(x), self._ready(by_output), full, none)
        # A formula beyond its domain gives derivatives that are no numbers, also of what is pruned.
        with np.errstate(invalid="ignore"):
            by_parameter: Floats = full[self._places] * self._kept
        return by_parameter

    def input_gradient(self, x: Floats, by_output: Floats) -> Floats:
        """Gives the derivatives of each row's sum(by_output * outputs) by its inputs, SHAPE (rows, inputs)."""
        x = self._ready(x)
        by_input = np.empty_like(x)
        network.pull_back(*self._arrays, x, self._ready(by_output), np.empty_like(self._layout.weights), by_input)
        return by_input

    def loss_gradient(self, loss: int, x: Floats, y: NDArray[Any]) -> tuple[float, Floats]:
        """Gives the mean loss over the rows and its gradient, SHAPE (parameters,).

        Args:
            loss: SQUARED, LOGISTIC or SOFTMAX of `kan.kernels.cpu.losses`.
            x: (rows, inputs), one row at least.
            y: (rows, outputs) for SQUARED, else the class of each row, (rows,).
        """
        by_parameter = np.empty(self.parameters, self.dtype)
        y = y if y.ndim == 2 else y[:, None]
        error = network.loss_gradient(
            *self._arrays, self._places, self._kept, self._ready(x), self._ready(y), loss, by_parameter
        )
        return float(error), by_parameter

    def jacobian(self, x: Floats, seeds: Floats) -> Floats:
        """Gives the derivatives of each row's sum(seeds * outputs), SHAPE (rows, parameters)."""
        filled = np.zeros(len(x) * self.parameters + SPARE, self.dtype)
        derivatives.jacobian(*self._arrays, self._ready(x), self._ready(seeds), filled, self.parameters)
        rows = filled[:-SPARE].reshape(len(x), self.parameters)
        with np.errstate(invalid="ignore"):
            return rows if self._kept.all() else rows * self._kept

    def normal_matrix(self, x: Floats, seeds: Floats) -> Floats:
        """Gives J'J of that Jacobian, SHAPE (parameters, parameters); its upper triangle, the lower is undefined."""
        if not self.is_sparse:
            rows = self.jacobian(x, seeds)
            # A formula beyond its domain: who asked looks whether the numbers are finite.
            with np.errstate(all="ignore"):
                dense: Floats = rows.T @ rows
            return dense
        stride = -(-self.parameters // STRIDE) * STRIDE
        flat = np.zeros(self.parameters * stride + SPARE, self.dtype)
        x, seeds = self._ready(x), self._ready(seeds)
        normal_matrix.add_normal_matrix(*self._arrays, x, seeds, flat, stride, self._kept)
        return flat[:-SPARE].reshape(self.parameters, stride)[:, : self.parameters]

    def _ready(self, array: Floats) -> Floats:
        """The kernels are compiled for contiguous arrays that may be written to."""
        ready: NDArray[np.floating] = np.ascontiguousarray(array, dtype=self.dtype)
        return ready if ready.flags.writeable else ready.copy()
