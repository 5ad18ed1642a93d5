"""Numbers, times and calls as a person reads them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

# Options of GET …/predict: a column of such a name is written input.<name>.
_OPTIONS = frozenset({"domain", "contributions", "interval", "gradient"})
_SIX_DIGITS = 1e5
_LOWEST, _HIGHEST = 1e-4, 1e15  # between them a number has no exponent


def number(value: object) -> str:
    """Gives a whole number in all its digits, any other in five, six from 100,000 up; a dash for none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else str(value)
    if isinstance(value, int) or (value.is_integer() and abs(value) < 2**53):
        return f"{int(value):,}"
    rounded = float(f"{value:.{5 if abs(value) < _SIX_DIGITS else 6}g}")
    return f"{rounded:,.15g}" if _LOWEST <= abs(rounded) < _HIGHEST else _with_exponent(rounded)


def _with_exponent(value: float) -> str:
    mantissa, mark, exponent = f"{value:.6g}".partition("e")
    return f"{mantissa}e{int(exponent):+d}" if mark else mantissa


def share(value: float) -> str:
    """Gives an R2 or an accuracy in four decimals; one below 1 is never shown as 1."""
    text = f"{value:.4f}"
    return "above 0.9999" if text == "1.0000" and value < 1 else text


def when(value: datetime | None) -> str:
    """Gives a time to the second, UTC."""
    return "–" if value is None else value.strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: object) -> str:
    """Gives seconds as "12.3 s" or "5 min 20 s"."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return "–"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


def call_line(base: str, model_name: str, version: int, signature: Mapping[str, Any]) -> str:
    """Gives a curl line that predicts for the middle of every training range."""
    columns = signature.get("inputs", ())
    values = {_parameter(column["name"]): _typical(column) for column in columns}
    address = f"{base}v1/models/{model_name}/versions/{version}/predict?{urlencode(values)}"
    return f"curl {shlex.quote(address)}"


def _parameter(name: str) -> str:
    return f"input.{name}" if name in _OPTIONS else name


def _typical(column: Mapping[str, Any]) -> str:
    if column.get("range"):
        low, high = column["range"]
        return f"{(low + high) / 2:g}"
    levels = [level for level in column.get("levels") or column.get("categories") or () if level != "(missing)"]
    return str(levels[0]) if levels else "0"
