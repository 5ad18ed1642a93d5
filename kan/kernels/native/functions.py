"""Machine code as functions that Python calls."""

import ctypes
from collections.abc import Callable

import llvmlite.binding as llvm
import numpy as np
from numpy.typing import NDArray

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

# A function that takes its arguments as they come (Python's C interface).
_METH_FASTCALL = 0x80
_NUMBERS = ("float64", "float32")

Kernel = Callable[..., int]


class _Method(ctypes.Structure):
    """What Python knows about a built-in function (`PyMethodDef`)."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("documentation", ctypes.c_char_p),
    )


class Functions:
    """The kernels of one object file; nobody checks their arguments, and they live as long as this object does."""

    def __init__(self, code: bytes) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        _name_what_is_never_called()
        machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine()
        # Owns the memory that the functions stand in.
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        names = [f"{work}_{number}" for work in ("outputs", "input_gradient") for number in _NUMBERS]
        self._methods = {name: self._method(name) for name in names}

    def outputs(self, model: NDArray[np.int64], dtype: str) -> Kernel:
        """Gives a function of (x, rows, out); its result is 0 unless memory ran out."""
        return self._built_in(f"outputs_{dtype}", model)

    def input_gradient(self, model: NDArray[np.int64], dtype: str) -> Kernel:
        """Gives a function of (x, by_output, rows, by_input); its result is 0 unless memory ran out."""
        return self._built_in(f"input_gradient_{dtype}", model)

    def _method(self, name: str) -> _Method:
        return _Method(name.encode(), self._engine.get_function_address(name), _METH_FASTCALL, None)

    def _built_in(self, name: str, model: NDArray[np.int64]) -> Kernel:
        """A built-in function, whose self is the model: called in a tenth of the time that ctypes would take."""
        make = ctypes.pythonapi.PyCFunction_NewEx
        make.restype, make.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
        function: Kernel = make(ctypes.addressof(self._methods[name]), model, None)
        return function


def _name_what_is_never_called() -> None:
    abort = ctypes.cast(ctypes.pythonapi.Py_FatalError, ctypes.c_void_p).value
    for name in NEVER_CALLED.values():
        llvm.add_symbol(name, abort)
