"""Intervals of numbers and sets of classes that hold the true one as often as was asked for, on average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kan.conformal import conformal_bound
from service.domain.errors import InvalidParameter
from service.domain.predictions import Prediction
from service.domain.residuals import knows_test_rows
from service.store.tables import VersionRow

Floats = NDArray[np.float64]
OPTION = "interval"


@dataclass(frozen=True, eq=False)
class Intervals:
    """What goes with each prediction.

    Attributes:
        level: asked for.
        rows: test rows behind it, the fewest of all targets.
        low, high: (rows, outputs) in the units of the data; None of classes.
        sets: (rows, classes) which classes are in the set of each row; None of numbers.
    """

    level: float
    rows: int
    low: Floats | None = None
    high: Floats | None = None
    sets: NDArray[np.bool_] | None = None


def intervals(version: VersionRow, answer: Prediction, level: float) -> Intervals:
    """Gives intervals by the residuals of the version's test rows.

    Raises:
        InvalidParameter: the version keeps no residuals, or of too few rows for this level.
    """
    kept: Sequence[dict[str, Any]] | None = version.training.get("residuals")
    if knows_test_rows(version.training):
        message = "its test rows may have taught the network that its training went on from: they promise nothing"
        raise InvalidParameter(OPTION, message, "no_test_rows")
    if not kept:
        message = "this version keeps no residuals of test rows: it was not trained here, or without a test part"
        raise InvalidParameter(OPTION, message, "no_test_rows")
    rows = min(item["rows"] for item in kept)
    bounds = [conformal_bound(item, level) for item in kept]
    if any(bound is None for bound in bounds):
        message = f"the version has {rows} test rows, which carry at most {rows / (rows + 1):.4g}"
        raise InvalidParameter(OPTION, message, "too_few_test_rows")
    width = np.array(bounds, dtype=np.float64)
    if answer.probabilities is None:
        values = np.asarray(answer.values, dtype=np.float64)
        return Intervals(level, rows, values - width, values + width)
    shares = answer.probabilities
    # The most probable one is always in it: that takes nothing from the promise, and no set is empty.
    return Intervals(level, rows, sets=(1.0 - shares <= width) | (shares == shares.max(axis=1, keepdims=True)))
