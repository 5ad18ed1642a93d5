"""Reads the B-spline reference numbers: those in tests/data, or in the file that KAN_SPLINE_REFERENCE names."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

VENDORED = Path(__file__).parents[1] / "data" / "spline_reference.json"
REFERENCE: dict[str, Any] = json.loads(Path(os.environ.get("KAN_SPLINE_REFERENCE") or VENDORED).read_text())


def cases(group: str, **wanted: object) -> list[Any]:
    """Gives a group's cases as test parameters, named by their ids; only those with these fields."""
    chosen = [case for case in REFERENCE[group] if all(case.get(name) == value for name, value in wanted.items())]
    return [pytest.param(case, id=case["id"]) for case in chosen]


def array(values: Any) -> NDArray[np.float64]:
    """Gives a list of the file, or what its {"linspace": [low, high, count]} stands for."""
    if isinstance(values, dict):
        low, high, count = values["linspace"]
        return np.linspace(low, high, int(count))
    return np.array(values, dtype=np.float64)
