"""The functions of the library out of the ONNX operators that onnxruntime has for float64."""

from collections.abc import Sequence
from math import pi

import numpy as np

from kan.export.onnx_graph import Graph
from kan.symbolic.bessel import FAR, SINES, hankel_coefficients

_DIRECT = {"sqrt": "Sqrt", "exp": "Exp", "log": "Log", "abs": "Abs", "sin": "Sin", "tanh": "Tanh", "sgn": "Sign"}


def applied(graph: Graph, name: str, x: str) -> str:
    """Gives f(x) of operators that onnxruntime has for float64."""
    if name.startswith("x"):
        return _power(graph, x, int(name[2:] or 1))
    if name.startswith("1/"):
        below = graph.add("Sqrt", x) if name == "1/sqrt" else _power(graph, x, int(name[4:] or 1))
        return graph.add("Div", graph.constant(1.0), below)
    if name in _DIRECT:
        return graph.add(_DIRECT[name], x)
    composed = {"cos": _cos, "arctan": _arctan, "arcsin": _arcsin, "j0": _bessel}
    if name in composed:
        return composed[name](graph, x)
    if name == "tan":
        return graph.add("Div", graph.add("Sin", x), _cos(graph, x))
    if name == "sigmoid":
        return graph.add("Sigmoid", x)
    if name == "gaussian":
        return graph.add("Exp", graph.add("Neg", _power(graph, x, 2)))
    if name == "arccos":
        return graph.add("Sub", graph.constant(pi / 2), _arcsin(graph, x))
    one = graph.constant(1.0)
    ratio = graph.add("Div", graph.add("Add", one, x), graph.add("Sub", one, x))
    return graph.add("Mul", graph.constant(0.5), graph.add("Log", ratio))


def _power(graph: Graph, x: str, exponent: int) -> str:
    value = x
    for _ in range(exponent - 1):
        value = graph.add("Mul", value, x)
    return value


def _cos(graph: Graph, x: str) -> str:
    return graph.add("Sin", graph.add("Add", x, graph.constant(pi / 2)))


def _arctan(graph: Graph, x: str) -> str:
    """Gives arctan, which there is for float32 alone, and one step that makes it exact for float64."""
    rough = graph.add("Atan", graph.add("Cast", x, to=graph.float))
    rough = graph.add("Cast", rough, to=graph.double)
    sine, cosine = graph.add("Sin", rough), _cos(graph, rough)
    above = graph.add("Sub", graph.add("Mul", x, cosine), sine)
    below = graph.add("Add", cosine, graph.add("Mul", x, sine))
    return graph.add("Add", rough, graph.add("Div", above, below))


def _arcsin(graph: Graph, x: str) -> str:
    one = graph.constant(1.0)
    root = graph.add("Sqrt", graph.add("Mul", graph.add("Sub", one, x), graph.add("Add", one, x)))
    half = _arctan(graph, graph.add("Div", x, graph.add("Add", one, root)))
    return graph.add("Mul", graph.constant(2.0), half)


def _bessel(graph: Graph, x: str) -> str:
    """Gives J0 by the two forms of kan.symbolic.bessel, each where it is exact."""
    size, end = graph.add("Abs", x), graph.constant(FAR)
    wide = graph.add("Mul", graph.add("Unsqueeze", x, graph.constant(np.array([2]))), graph.constant(np.array(SINES)))
    near = graph.add("ReduceMean", _cos(graph, wide), axes=[2], keepdims=0)
    return graph.add("Where", graph.add("Less", size, end), near, _far_bessel(graph, size, end))


def _far_bessel(graph: Graph, size: str, end: str) -> str:
    far = graph.add("Max", size, end)
    inverse = graph.add("Div", graph.constant(1.0), far)
    square = graph.add("Mul", inverse, inverse)
    p = _polynomial(graph, square, hankel_coefficients(0)[::2])
    q = graph.add("Mul", inverse, _polynomial(graph, square, hankel_coefficients(0)[1::2]))
    cosine, sine = _cos(graph, size), graph.add("Sin", size)
    by_p = graph.add("Mul", p, graph.add("Add", cosine, sine))
    by_q = graph.add("Mul", q, graph.add("Sub", cosine, sine))
    amplitude = graph.add("Sqrt", graph.add("Mul", inverse, graph.constant(1 / pi)))
    return graph.add("Mul", amplitude, graph.add("Add", by_p, by_q))


def _polynomial(graph: Graph, x: str, coefficients: Sequence[float]) -> str:
    value = graph.constant(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = graph.add("Add", graph.constant(coefficient), graph.add("Mul", x, value))
    return value
