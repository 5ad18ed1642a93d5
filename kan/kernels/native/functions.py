"""Machine code as functions that Python calls."""

import ctypes
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numpy as np

# Stand for what numba's code calls when Python raised within it: the kernels call no Python. Names of our own, for
# numba itself may be at work in this process.
NEVER_CALLED = {
    name: f"kan_{name}"
    for name in (
        "numba_gil_ensure",
        "numba_gil_release",
        "numba_unpickle",
        "numba_runtime_build_excinfo_struct",
        "numba_do_raise",
    )
}

Array = np.ndarray[Any, np.dtype[Any]]
# The status is 0 unless memory ran out.
Outputs = Callable[[Array, Array, int, Array], int]
InputGradient = Callable[[Array, Array, Array, int, Array], int]


class Functions:
    """The kernels of one object file, by the name of their float type; they run without the interpreter's lock.

    Attributes:
        outputs: of (model, x, rows, out).
        input_gradient: of (model, x, by_output, rows, by_input).
    """

    def __init__(self, code: bytes) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        _name_what_is_never_called()
        machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine()
        # Owns the memory that the functions stand in.
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        array, count = ctypes.py_object, ctypes.c_int64
        self.outputs: dict[str, Outputs] = self._each("outputs", array, array, count, array)
        self.input_gradient: dict[str, InputGradient] = self._each("input_gradient", *(array,) * 3, count, array)

    def _each(self, name: str, *arguments: Any) -> dict[str, Any]:
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)
        numbers = ("float64", "float32")
        return {number: kind(self._engine.get_function_address(f"{name}_{number}")) for number in numbers}


def _name_what_is_never_called() -> None:
    abort = ctypes.cast(ctypes.pythonapi.Py_FatalError, ctypes.c_void_p).value
    for name in NEVER_CALLED.values():
        llvm.add_symbol(name, abort)
