"""`python -m kan.kernels.cpu.machine_code` writes the kernels that serve as one object file to its output.

What loads them needs neither numba nor its compiler: a fifth of the memory and a tenth of the time.
"""

import os
import sys

import llvmlite.binding as llvm
import numpy as np
from numba import cfunc, types

from kan.kernels.cpu.compiled import OPTIONS
from kan.kernels.cpu.frozen import frozen_input_gradient, frozen_outputs
from kan.kernels.native.functions import NEVER_CALLED

# Beside a server that answers already.
PATIENCE = 10


def object_file() -> bytes:
    """Compiles the kernels for this machine.

    Returns:
        machine code with the functions outputs_float64, input_gradient_float64 and the same for float32.
    """
    module = llvm.parse_assembly("")
    for number in (np.float64, np.float32):
        _add(module, f"outputs_{number.__name__}", _outputs(number), 4)
        _add(module, f"input_gradient_{number.__name__}", _input_gradient(number), 5)
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, reloc="pic"
    )
    code: bytes = machine.emit_object(module)
    return code


def _outputs(number):
    def outputs(model, x, rows, out):
        return frozen_outputs(model, x, rows, out, number)

    return outputs


def _input_gradient(number):
    def input_gradient(model, x, by_output, rows, by_input):
        return frozen_input_gradient(model, x, by_output, rows, by_input, number)

    return input_gradient


def _add(module, name, function, arguments):
    """Compiles a function for C and adds it to the module under a plain name."""
    compiled = cfunc(types.int64(*(types.int64,) * arguments), _nrt=False, **OPTIONS)(function)
    part = llvm.parse_assembly(compiled.inspect_llvm())
    part.get_function(compiled.native_name).name = name
    for function in part.functions:
        function.name = NEVER_CALLED.get(function.name, function.name)
    module.link_in(part)


if __name__ == "__main__":
    os.nice(PATIENCE)
    sys.stdout.buffer.write(object_file())
