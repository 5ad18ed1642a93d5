"""Arrays over memory that others own, and what a kernel asks of Python's C interface: it is called without numba."""

from numba import njit, types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

# Python's own interface for C. Memory needs no lock of the interpreter.
allocate = types.ExternalFunction("PyMem_RawMalloc", types.uintp(types.uintp))
release = types.ExternalFunction("PyMem_RawFree", types.void(types.uintp))
number_of = types.ExternalFunction("PyLong_AsSsize_t", types.int64(types.int64))
object_of = types.ExternalFunction("PyLong_FromSsize_t", types.int64(types.int64))
leave_interpreter = types.ExternalFunction("PyEval_SaveThread", types.uintp())
enter_interpreter = types.ExternalFunction("PyEval_RestoreThread", types.void(types.uintp))

# An object starts with its head; the first field of a numpy array behind it is the address of the numbers, in every
# version (`PyArrayObject_fields` in numpy's headers, which compiled extensions rely on).
HEAD_WORDS = object.__basicsize__ // 8


def _array(context, builder, kind, address, shape):
    size = context.get_constant(types.intp, kind.dtype.bitwidth // 8)
    strides = [size]
    for count in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], count))
    array = context.make_array(kind)(context, builder)
    data = builder.inttoptr(address, context.get_value_type(types.CPointer(kind.dtype)))
    populate_array(array, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
    return array._getvalue()


@intrinsic
def array_at(typing, address, count, number):
    """Gives the array of `count` numbers at an address; `number` is their type."""
    kind = types.Array(number.dtype, 1, "C")

    def code(context, builder, sig, args):
        return _array(context, builder, kind, args[0], [args[1]])

    return kind(types.int64, types.int64, number), code


@intrinsic
def table_at(typing, address, rows, columns, number):
    """Gives the (rows, columns) array at an address, row by row."""
    kind = types.Array(number.dtype, 2, "C")

    def code(context, builder, sig, args):
        return _array(context, builder, kind, args[0], [args[1], args[2]])

    return kind(types.int64, types.int64, types.int64, number), code


def inlined(function):
    """Puts a function's text where it is called: only so may it give arrays that nobody counts."""
    return njit(inline="always", _nrt=False)(function)
