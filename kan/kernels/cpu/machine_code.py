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
from kan.kernels.cpu.raw_arrays import array_at, enter_interpreter, leave_interpreter, number_of, object_of
from kan.kernels.native.functions import NEVER_CALLED
from kan.kernels.native.parent import end_with_parent

# Beside a server that answers already.
PATIENCE = 10


def object_file() -> bytes:
    """Compiles the kernels for this machine.

    Returns:
        machine code with the functions outputs_float64, input_gradient_float64 and the same for float32.
    """
    module = llvm.parse_assembly("")
    for number in (np.float64, np.float32):
        _add(module, f"outputs_{number.__name__}", _outputs(number))
        _add(module, f"input_gradient_{number.__name__}", _input_gradient(number))
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, reloc="pic"
    )
    _inline(module, machine)
    code: bytes = machine.emit_object(module)
    return code


def _outputs(number):
    def outputs(model, arguments, count):
        given = array_at(arguments, 3, np.int64)
        rows = number_of(given[1])
        # A single row is done before another thread would have taken over.
        thread = leave_interpreter() if rows > 1 else np.uintp(0)
        status = frozen_outputs(model, given[0], rows, given[2], number)
        if rows > 1:
            enter_interpreter(thread)
        return object_of(status)

    return outputs


def _input_gradient(number):
    def input_gradient(model, arguments, count):
        given = array_at(arguments, 4, np.int64)
        rows = number_of(given[2])
        thread = leave_interpreter()
        status = frozen_input_gradient(model, given[0], given[1], rows, given[3], number)
        enter_interpreter(thread)
        return object_of(status)

    return input_gradient


def _add(module, name, function):
    """Compiles a function that Python calls with (self, arguments, their number) and adds it under a plain name."""
    compiled = cfunc(types.int64(types.int64, types.int64, types.int64), _nrt=False, **OPTIONS)(function)
    part = llvm.parse_assembly(compiled.inspect_llvm())
    part.get_function(compiled.native_name).name = name
    for function in part.functions:
        function.name = NEVER_CALLED.get(function.name, function.name)
    module.link_in(part)


def _inline(module, machine):
    """Makes one function of each network's whole way: between functions a layer is a hundred numbers to hand on."""
    for function in module.functions:
        if not function.is_declaration and function.linkage.name != "external":
            function.linkage = "internal"
            if "cpu9functions" not in function.name:
                function.add_function_attribute("alwaysinline")
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)


if __name__ == "__main__":
    end_with_parent()
    os.nice(PATIENCE)
    sys.stdout.buffer.write(object_file())
