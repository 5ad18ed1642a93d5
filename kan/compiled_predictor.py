"""A frozen network that compiled kernels evaluate: what serves, without torch and without numba.

Until the kernels are ready, which takes about a minute on a type of CPU that never ran them, the plain definition
answers: the same numbers but for their last bits. It goes on answering for a network that no edges of the library make
up, or only far too many: kernels know no other edges.
"""

from typing import Any

import numpy as np
from numpy import empty, ndarray
from numpy.typing import DTypeLike, NDArray

from kan.errors import ShapeMismatch
from kan.kernels.cpu.layout import Layout, layout
from kan.kernels.native.compiling import KERNELS, Kernels
from kan.kernels.native.functions import Functions
from kan.predictor import evaluate
from kan.slopes import input_gradient
from kan.state import NetworkState
from kan.written_edges import library_form


class Predictor:
    """Evaluates one network; safe to share between threads, which run side by side.

    Args:
        state: the network; it is copied.
        dtype: float64 or float32, of all arithmetic and of what is given back.
        kernels: those of this process.
    """

    def __init__(self, state: NetworkState, dtype: DTypeLike = np.float64, kernels: Kernels = KERNELS) -> None:
        self._state, self._dtype, self._kernels = state, np.dtype(dtype), kernels
        self._row, self.outputs = (state.widths[0],), state.widths[-1]
        known = library_form(state)
        self._arrays = () if known is None else _arrays(layout(known, dtype))
        # What the kernels call a model; the arrays behind the addresses live as long as this object does.
        self._model = np.array([number for array in self._arrays for number in (array.ctypes.data, len(array))])
        self._functions: Functions | None = None

    @property
    def nbytes(self) -> int:
        """Bytes that it holds beside the network."""
        return sum(array.nbytes for array in self._arrays)

    def evaluate(self, x: NDArray[Any]) -> NDArray[Any]:
        """Gives the outputs; the same bits for a row alone as among many.

        Args:
            x: (rows, inputs) in network units; a category input holds its level's index. May have no rows.

        Returns:
            (rows, outputs); not finite where the numbers overflow, which the caller must look at.

        Raises:
            ShapeMismatch: x has another number of columns.
        """
        if self._functions is None and not self._is_ready():
            return evaluate(self._state, np.asarray(x, np.float64)).astype(self._dtype)
        # For one row these lines take as long as the kernel: no calls but the needed ones.
        if type(x) is not ndarray or x.dtype is not self._dtype or not x.flags.c_contiguous or x.shape[1:] != self._row:
            x = self._checked("x", x, self._row)
        rows = len(x)
        out = empty((rows, self.outputs), self._dtype)
        if self._outputs(x, rows, out):
            raise MemoryError
        return out

    def input_gradient(self, x: NDArray[Any], by_output: NDArray[Any]) -> NDArray[Any]:
        """Gives the derivatives of each row's sum(by_output * outputs) by its inputs; waits for the kernels.

        Args:
            x: (rows, inputs).
            by_output: (rows, outputs).

        Returns:
            (rows, inputs); 0 for a category.

        Raises:
            ShapeMismatch: x or by_output has another shape.
        """
        x = self._checked("x", x, self._row)
        by_output = self._checked("by_output", by_output, (self.outputs,))
        if len(x) != len(by_output):
            raise ShapeMismatch("by_output", f"({len(x)}, {self.outputs})", by_output.shape)
        if not self._arrays:
            doubles = x.astype(np.float64), by_output.astype(np.float64)
            return input_gradient(self._state, *doubles).astype(self._dtype)
        functions, by_input = self._kernels.wait(), np.empty(x.shape, self._dtype)
        if functions.input_gradient(self._model, self._dtype.name)(x, by_output, len(x), by_input):
            raise MemoryError
        return by_input

    def _is_ready(self) -> bool:
        functions = self._kernels.functions() if self._arrays else None
        if functions is not None:
            self._outputs = functions.outputs(self._model, self._dtype.name)
            self._functions = functions
        return functions is not None

    def _checked(self, name: str, array: NDArray[Any], row: tuple[int]) -> NDArray[Any]:
        """Gives the numbers as the kernels read them: row by row, in their own type."""
        array = np.ascontiguousarray(array, self._dtype)
        if array.shape[1:] != row:
            raise ShapeMismatch(name, f"(rows, {row[0]})", array.shape)
        return array


def _arrays(found: Layout) -> tuple[NDArray[Any], ...]:
    return found.plan, found.weights, found.grids
