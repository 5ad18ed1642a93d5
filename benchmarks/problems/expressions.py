"""The closed language of the problem sets: numbers, names, + - * / **, and a table of functions; never eval."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

MAX_LENGTH = 2000
CONSTANTS: Mapping[str, float] = {"pi": np.pi}

_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}


def _first_digit(x: Array) -> Array:
    return np.floor(np.clip(x, 0, 0.9999999) * 10)


def _step(x: Array) -> Array:
    return (np.asarray(x) > 0).astype(np.float64)


def _spherical_harmonic(m: float, n: float, theta: Array, phi: Array) -> Array:
    """Gives the real part of Y_n^m at polar angle theta and azimuth phi."""
    return np.asarray(special.sph_harm_y(int(n), int(m), theta, phi).real)


def _gaussian(x: Array) -> Array:
    return np.asarray(np.exp(-(x**2)))


def _jacobi_sn(u: Array, m: Array) -> Array:
    return np.asarray(special.ellipj(u, m)[0])


def _legendre(m: float, v: Array, x: Array) -> Array:
    # scipy-stubs know whole degrees only.
    return np.asarray(special.lpmv(m, v, x))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{
        name: getattr(np, name)
        for name in (
            *("exp", "log", "sqrt", "abs", "sin", "cos", "tan", "tanh", "sinh", "cosh"),
            *("arcsin", "arccos", "arctan", "arctanh"),
        )
    },
    **{name: getattr(special, name) for name in ("j0", "jv", "yv", "kv", "iv", "ellipkinc", "ellipeinc")},
    "ellipj_sn": _jacobi_sn,
    "lpmv": _legendre,
    "sph_harm_re": _spherical_harmonic,
    "gaussian": _gaussian,
    "sigmoid": special.expit,
    "sgn": np.sign,
    "sign": np.sign,
    "square": np.square,
    "first_digit": _first_digit,
    "step": _step,
}


def evaluate(expression: str, variables: Mapping[str, Array], max_length: int = MAX_LENGTH) -> Any:
    """Gives an expression's value at the variables' values, of their shape, or a number where it names none.

    Raises:
        ValueError: too long, or holds anything outside the closed language.
    """
    if len(expression) > max_length:
        raise ValueError(f"expected at most {max_length} characters, got {len(expression)}")
    return _value(ast.parse(expression, mode="eval").body, variables)


def _value(node: ast.expr, variables: Mapping[str, Array]) -> Any:
    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            # As a float a tower of powers overflows instead of hanging.
            return np.float64(float(value))  # type: ignore[arg-type]
        case ast.Name(id=name) if name in variables:
            return variables[name]
        case ast.Name(id=name) if name in CONSTANTS:
            return CONSTANTS[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, variables), _value(right, variables))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _UNARY[type(op)](_value(operand, variables))
        case ast.Call(func=ast.Name(id=name), args=values, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_value(value, variables) for value in values))
    raise ValueError(f"not part of the language: {ast.dump(node)[:60]}")
