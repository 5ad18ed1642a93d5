"""Tables made from an expression: uniform inputs in a box, a target computed from them, seeded noise."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kan.errors import ExpressionError, unknown_field
from kan.symbolic.grammar import CONSTANTS, FUNCTIONS, Expression, parse
from service.domain.errors import BodyTooLarge, Fault, InvalidTable
from service.domain.tables.parsed import MAX_MAGNITUDE, TableLimits, invalid_table, pointer_to

_FIELDS = ("expression", "ranges", "rows", "noise", "seed", "target")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_MAX_SEED = 2**63 - 1
# Rows times operations: about ten seconds of work at most.
_MAX_WORK = 400_000_000


@dataclass(frozen=True)
class _Generator:
    expression: Expression
    ranges: Mapping[str, tuple[float, float]]
    rows: int
    noise: float
    seed: int
    target: str


def generated_table(spec: object, limits: TableLimits) -> pl.DataFrame:
    """Gives the inputs, each uniform in its range, and the target; the same spec gives the same table.

    `noise` is the standard deviation of normal noise, as a fraction of the target's own.

    Raises:
        InvalidTable: points at a bad field, or at the expression where it is not finite in the box.
        BodyTooLarge: too many columns or cells.
    """
    generator = _read(spec)
    limits.check_shape(generator.rows, len(generator.ranges) + 1)
    if generator.rows * generator.expression.nodes > _MAX_WORK:
        raise BodyTooLarge("operations (rows times nodes of the expression)", _MAX_WORK)
    random = np.random.default_rng(generator.seed)
    columns = {name: random.uniform(low, high, generator.rows) for name, (low, high) in generator.ranges.items()}
    target = generator.expression.evaluate(columns)
    _check_finite(target, "expression", "expected finite values in the ranges")
    if generator.noise > 0:
        target = target + generator.noise * target.std() * random.standard_normal(generator.rows)
        _check_finite(target, "noise", "expected finite values with the noise added")
    return pl.DataFrame({**columns, generator.target: target})


def _check_finite(target: NDArray[np.float64], field: str, expected: str) -> None:
    bad = ~(np.abs(target) <= MAX_MAGNITUDE)
    if bad.any():
        raise _invalid(field, f"{expected}; {int(bad.sum())} rows have none")


def _read(spec: object) -> _Generator:
    if not isinstance(spec, Mapping):
        raise _invalid("", f"expected an object with {', '.join(_FIELDS)}")
    for name in spec:
        if name not in _FIELDS:
            raise _invalid(str(name), unknown_field(str(name), _FIELDS))
    ranges = _ranges(spec.get("ranges"))
    target = spec.get("target", "y")
    if not isinstance(target, str) or not _NAME.fullmatch(target) or target in ranges:
        raise _invalid("target", "expected a name of letters, digits and _ that is not one of the ranges")
    return _Generator(
        expression=_expression(spec.get("expression"), ranges),
        ranges=ranges,
        rows=_integer(spec.get("rows", 1000), "rows", 1),
        noise=_number(spec.get("noise", 0.0), "noise", 0.0, 1e6),
        seed=_integer(spec.get("seed", 0), "seed", 0),
        target=target,
    )


def _ranges(value: object) -> dict[str, tuple[float, float]]:
    if not isinstance(value, Mapping) or not value:
        raise _invalid("ranges", 'expected an object such as {"x1": [-1, 1]}')
    return {name: _range(name, pair) for name, pair in value.items()}


def _range(name: str, pair: object) -> tuple[float, float]:
    reserved = name in FUNCTIONS or name in CONSTANTS or keyword.iskeyword(name)
    if not _NAME.fullmatch(name) or reserved:
        message = "expected a name of letters, digits and _ that is no function, constant or keyword"
        raise invalid_table([Fault("/generator/ranges", "column_name", f"/generator/ranges: {message}")])
    if not isinstance(pair, list) or len(pair) != 2:
        raise _invalid(("ranges", name), "expected [low, high]")
    low = _number(pair[0], ("ranges", name, 0), -MAX_MAGNITUDE, MAX_MAGNITUDE)
    high = _number(pair[1], ("ranges", name, 1), -MAX_MAGNITUDE, MAX_MAGNITUDE)
    if not low < high:
        raise _invalid(("ranges", name), "expected low < high")
    return low, high


def _expression(text: object, ranges: Mapping[str, Any]) -> Expression:
    if not isinstance(text, str):
        raise _invalid("expression", "expected text such as sin(pi*x1) + x2**2")
    try:
        expression = parse(text)
    except ExpressionError as error:
        raise _invalid("expression", str(error)) from None
    unknown = [name for name in expression.variables if name not in ranges]
    if unknown:
        raise _invalid("expression", f"{unknown[0]!r} has no range; ranges are given for {', '.join(ranges)}")
    return expression


def _integer(value: object, field: str, low: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= _MAX_SEED:
        raise _invalid(field, f"expected an integer from {low} to 2**63 - 1, written without a point or an exponent")
    return value


def _number(value: object, place: str | tuple[str | int, ...], low: float, high: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not low <= value <= high:  # type: ignore[arg-type,operator]
        raise _invalid(place, f"expected a finite number between {low:g} and {high:g}")
    return float(value)  # type: ignore[arg-type]


def _invalid(place: str | tuple[str | int, ...], message: str) -> InvalidTable:
    parts = (place,) if isinstance(place, str) else place
    pointer = pointer_to("generator", *(part for part in parts if part != ""))
    return invalid_table([Fault(pointer, "invalid_value", f"{pointer}: {message}")])
