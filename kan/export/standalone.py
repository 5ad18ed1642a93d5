"""Predicts with a network that is written as polynomial pieces; needs nothing but Python's own library."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

NAN = float("nan")


def predict(model: Mapping[str, Any], row: Any) -> Any:
    """Gives the answer for one row: a number for each output, or the name of the most probable class.

    Args:
        model: the document.
        row: column -> value, or the values in the order of model["columns"]; None is a missing value.
    """
    values = answers(model, row)
    target = model["outputs"][0]
    return values if target["kind"] == "number" else target["classes"][values.index(max(values))]


def answers(model: Mapping[str, Any], row: Any) -> list[float]:
    """Gives the outputs of one row, in the units of the data; of classes, the probability of each.

    Raises:
        ValueError: a value is missing where training had none, or a result is not finite.
    """
    values = [row[name] for name in model["columns"]] if isinstance(row, dict) else row
    nodes = [encoded(item, values) for item in model["inputs"]]
    for layer in model["layers"]:
        nodes = behind(layer, nodes)
    if not all(map(math.isfinite, nodes)):
        raise ValueError("no finite result: a value is too far from the training range, or a formula is undefined")
    first = model["outputs"][0]
    if first["kind"] == "number":
        return [item["mean"] + item["std"] * node for item, node in zip(model["outputs"], nodes, strict=True)]
    return softmax([0.0, *nodes] if first["binary"] else nodes)


def encoded(item: Mapping[str, Any], values: Sequence[Any]) -> float:
    """Gives one input of the network."""
    if item["kind"] == "unused":
        return 0.0
    value = values[item["column"]]
    is_missing = value is None or value != value
    if item["kind"] == "missing":
        return int(is_missing)
    if item["kind"] == "levels":
        if is_missing:
            return float(known(item["missing"]))
        text = {True: "true", False: "false"}.get(value, value)
        levels: list[str] = item["levels"]
        return levels.index(text) if text in levels else len(levels)
    value = float(known(item["fill"]) if is_missing else value)
    value = value if item["floor"] is None else max(value, item["floor"])
    value = value if item["ceiling"] is None else min(value, item["ceiling"])
    return float((value - item["shift"]) / item["scale"])


def known(value: Any) -> Any:
    """Gives what stands for a missing value."""
    if value is None:
        raise ValueError("a value is missing in a column that had one in every training row")
    return value


def behind(layer: Mapping[str, Any], nodes: Sequence[float]) -> list[float]:
    """Gives the nodes behind a layer."""
    sums = [0.0] * layer["sums"]
    places = [bisect_right(breaks, x) for breaks, x in zip(layer["breaks"], nodes, strict=True)]
    for edge in layer["edges"]:
        x, place = nodes[edge["source"]], places[edge["source"]]
        if "pieces" in edge:
            start = layer["breaks"][edge["source"]][max(place - 1, 0)]
            value = polynomial(edge["pieces"][place], x - start) + edge["silu"] * silu(x)
        elif "levels" in edge:
            value = edge["levels"][int(x)]
        else:
            value = edge["a"] * applied(edge["function"], edge["b"] * x + edge["c"]) + edge["d"]
        sums[edge["target"]] += value
    first = layer["sums"] - sum(layer["products"])
    nodes = sums[:first]
    for count in layer["products"]:
        nodes.append(math.prod(sums[first : first + count]))
        first += count
    return nodes


def polynomial(coefficients: Sequence[float], x: float) -> float:
    """Gives a polynomial, its lowest power first."""
    value = 0.0
    for coefficient in reversed(coefficients):
        value = value * x + coefficient
    return value


def silu(x: float) -> float:
    """Gives x / (1 + exp(-x)); no exponential overflows."""
    decay = math.exp(-abs(x))
    return x * (1.0 if x >= 0 else decay) / (1.0 + decay)


def softmax(logits: Sequence[float]) -> list[float]:
    """Gives the probabilities."""
    powers = [math.exp(logit - max(logits)) for logit in logits]
    return [power / sum(powers) for power in powers]


def applied(function: str, x: float) -> float:
    """Gives f(x), NaN where it has no value."""
    try:
        return float(FUNCTIONS[function](x))
    except (ValueError, ZeroDivisionError, OverflowError):
        return NAN


def bessel_j0(x: float) -> float:
    """Gives J0(x): its integral near 0, Hankel's expansion beyond (Abramowitz and Stegun 9.1.18 and 9.2.5)."""
    size, sums, term = abs(x), [0.0, 0.0], 1.0
    if size < 25.0:
        return math.fsum(math.cos(size * math.sin((k + 0.5) * math.pi / 32)) for k in range(16)) / 16
    for k in range(16):
        sums[k % 2] += term if k % 4 < 2 else -term
        term *= -((2 * k + 1) ** 2) / (8 * (k + 1) * size)
    cosine, sine = math.cos(size), math.sin(size)
    return (sums[0] * (cosine + sine) + sums[1] * (cosine - sine)) / math.sqrt(math.pi * size)


# Not **, which raises where a power is infinite.
FUNCTIONS: Mapping[str, Any] = {
    "x": lambda x: x,
    "x^2": lambda x: x * x,
    "x^3": lambda x: x * x * x,
    "x^4": lambda x: x * x * x * x,
    "x^5": lambda x: x * x * x * x * x,
    "1/x": lambda x: 1.0 / x,
    "1/x^2": lambda x: 1.0 / (x * x),
    "1/x^3": lambda x: 1.0 / (x * x * x),
    "1/x^4": lambda x: 1.0 / (x * x * x * x),
    "1/x^5": lambda x: 1.0 / (x * x * x * x * x),
    "sqrt": math.sqrt,
    "1/sqrt": lambda x: 1.0 / math.sqrt(x),
    "exp": math.exp,
    "log": math.log,
    "abs": abs,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "tanh": math.tanh,
    "sigmoid": lambda x: 0.5 * (1.0 + math.tanh(0.5 * x)),
    "sgn": lambda x: (x > 0) - (x < 0),
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "arctanh": math.atanh,
    "gaussian": lambda x: math.exp(-x * x),
    "j0": bessel_j0,
}
