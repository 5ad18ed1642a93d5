"""Vectors of floats as a numba type, with + - * / as in mathematics: plain loops compile to half the speed.

A vector has `len(width)` times 32 bytes; LLVM cuts longer ones into the registers the machine has, so one kernel text
serves eight accumulators as well as one. Products and sums may be fused (contract) and the sign of zero is free (nsz);
nothing else is, so NaN stays NaN and the order of every sum is the written one.
"""

import operator

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model

BYTES = 32
FLAGS = ("contract", "nsz")
# 32 registers of 64 bytes: loops that keep twenty sums in them pay.
HAS_WIDE_REGISTERS = bool(get_host_cpu_features().get("avx512f", False))
INT32, INT64 = ir.IntType(32), ir.IntType(64)

# Widths of 1, 2, 4 and 8 times 32 bytes: only the length of these tuples matters, so the compiler knows it.
ONE, TWO, FOUR, EIGHT = (0,), (0,) * 2, (0,) * 4, (0,) * 8


class Vector(types.Type):
    """`lanes` floats of one dtype."""

    def __init__(self, dtype: types.Float, lanes: int) -> None:
        self.dtype, self.lanes = dtype, lanes
        super().__init__(f"Vector({dtype}, {lanes})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _llvm(kind))


def _scalar(dtype: types.Float) -> ir.Type:
    return ir.FloatType() if dtype.bitwidth == 32 else ir.DoubleType()


def _llvm(kind: Vector) -> ir.VectorType:
    return ir.VectorType(_scalar(kind.dtype), kind.lanes)


def _integers(kind: Vector, bits: int) -> ir.VectorType:
    return ir.VectorType(ir.IntType(bits), kind.lanes)


def _kind(array, width) -> Vector:
    return Vector(array.dtype, len(width.types) * BYTES * 8 // array.dtype.bitwidth)


def _address(context, builder, kind, array, index, target):
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), target.as_pointer())


def _spread(builder, value, vector_type):
    empty = ir.Constant(vector_type, ir.Undefined)
    first = builder.insert_element(empty, value, ir.Constant(INT32, 0))
    zeros = ir.Constant(ir.VectorType(INT32, vector_type.count), [0] * vector_type.count)
    return builder.shuffle_vector(first, empty, zeros)


@intrinsic
def lanes(typing, array, width):
    """Gives how many floats of the array's dtype a vector of this width holds."""
    count = _kind(array, width).lanes
    return types.int64(array, width), lambda context, builder, sig, args: ir.Constant(INT64, count)


@intrinsic
def zeros(typing, array, width):
    """Gives a vector of zeros in the array's dtype."""
    kind = _kind(array, width)
    return kind(array, width), lambda context, builder, sig, args: ir.Constant(_llvm(kind), [0.0] * kind.lanes)


@intrinsic
def load(typing, array, index, width):
    """Reads consecutive floats from `array[index]` on; the caller vouches for the bounds."""
    kind = _kind(array, width)

    def code(context, builder, sig, args):
        address = _address(context, builder, sig.args[0], args[0], args[1], _llvm(kind))
        return builder.load(address, align=array.dtype.bitwidth // 8)

    return kind(array, types.int64, width), code


@intrinsic
def store(typing, array, index, vector):
    """Writes a vector to `array[index]` and on."""

    def code(context, builder, sig, args):
        address = _address(context, builder, sig.args[0], args[0], args[1], _llvm(vector))
        builder.store(args[2], address, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, vector), code


@intrinsic
def broadcast(typing, array, index, width):
    """Gives `array[index]` in every lane."""
    kind = _kind(array, width)

    def code(context, builder, sig, args):
        address = _address(context, builder, sig.args[0], args[0], args[1], _scalar(array.dtype))
        return _spread(builder, builder.load(address), _llvm(kind))

    return kind(array, types.int64, width), code


@intrinsic
def store_integers(typing, array, index, vector):
    """Writes the whole numbers that a vector holds to an int32 array."""

    def code(context, builder, sig, args):
        whole = builder.fptosi(args[2], _integers(vector, 32))
        address = _address(context, builder, sig.args[0], args[0], args[1], _integers(vector, 32))
        builder.store(whole, address, align=4)
        return context.get_dummy_value()

    return types.void(array, types.int64, vector), code


@intrinsic
def take(typing, array, index):
    """Gives `array[index]` of an integer array as int64, without numba's test for negative indices."""

    def code(context, builder, sig, args):
        bits = array.dtype.bitwidth
        value = builder.load(_address(context, builder, sig.args[0], args[0], args[1], ir.IntType(bits)))
        return value if bits == 64 else builder.sext(value, INT64)

    return types.int64(array, types.int64), code


@intrinsic
def add_four_sums(typing, array, index, first, second, third, fourth):
    """Adds the sum of the lanes of each of four vectors to one of four floats, always in the same order."""

    def code(context, builder, sig, args):
        vectors, count = list(args[2:]), first.lanes
        while count > 4:
            count //= 2
            halves = [list(range(count)), list(range(count, 2 * count))]
            vectors = [_folded(builder, vector, vector, halves) for vector in vectors]
        pairs = [_folded(builder, a, b, [[0, 1, 4, 5], [2, 3, 6, 7]]) for a, b in (vectors[:2], vectors[2:])]
        sums = _folded(builder, *pairs, [[0, 2, 4, 6], [1, 3, 5, 7]])
        address = _address(context, builder, sig.args[0], args[0], args[1], sums.type)
        align = array.dtype.bitwidth // 8
        builder.store(builder.fadd(builder.load(address, align=align), sums, flags=("nsz",)), address, align=align)
        return context.get_dummy_value()

    return types.void(array, types.int64, first, second, third, fourth), code


def _folded(builder, first, second, masks):
    """Adds two choices of the lanes of two vectors."""
    chosen = [
        builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(INT32, len(mask)), mask)) for mask in masks
    ]
    return builder.fadd(*chosen, flags=("nsz",))


@intrinsic
def truncated(typing, vector):
    """Rounds towards zero; the lanes must fit 32 bits."""

    def code(context, builder, sig, args):
        return builder.sitofp(builder.fptosi(args[0], _integers(vector, 32)), _llvm(vector))

    return vector(vector), code


def _chosen(comparison: str):
    @intrinsic
    def operation(typing, x, y):
        def code(context, builder, sig, args):
            return builder.select(builder.fcmp_ordered(comparison, *args), *args)

        return x(x, y), code

    return operation


# Where x is NaN these give y: a NaN then never becomes an index.
larger, smaller = _chosen(">"), _chosen("<")


@intrinsic
def where_equal(typing, x, y, value, other):
    """Gives `value` in the lanes where x equals y, `other` elsewhere."""

    def code(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered("==", args[0], args[1]), args[2], args[3])

    return x(x, x, x, x), code


@intrinsic
def scaled_bits(typing, vector):
    """Gives 2^k of lanes that hold k + 1.5 * 2^mantissa: k stands in their lowest bits."""
    bits = vector.dtype.bitwidth
    mantissa, bias = (23, 127) if bits == 32 else (52, 1023)

    def code(context, builder, sig, args):
        kind = _integers(vector, bits)
        power = builder.bitcast(args[0], kind)
        power = builder.add(power, ir.Constant(kind, [bias] * vector.lanes))
        power = builder.shl(power, ir.Constant(kind, [mantissa] * vector.lanes))
        return builder.bitcast(power, _llvm(vector))

    return vector(vector), code


def _arithmetic(symbol, name: str) -> None:
    """Teaches numba one operator: vector with vector, and vector with number on either side."""

    @infer_global(symbol)
    class _Typing(AbstractTemplate):
        def generic(self, args, kws):
            vectors = [kind for kind in args if isinstance(kind, Vector)]
            if not vectors or len(args) != 2 or any(kind != vectors[0] for kind in vectors):
                return None
            return signature(vectors[0], *(k if isinstance(k, Vector) else vectors[0].dtype for k in args))

    def code(context, builder, sig, args):
        pair = [
            value if isinstance(kind, Vector) else _spread(builder, value, _llvm(sig.return_type))
            for kind, value in zip(sig.args, args, strict=True)
        ]
        return getattr(builder, name)(*pair, flags=FLAGS)

    lower_builtin(symbol, Vector, Vector)(code)
    lower_builtin(symbol, Vector, types.Float)(code)
    lower_builtin(symbol, types.Float, Vector)(code)


for _symbol, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _arithmetic(_symbol, _name)
