"""Formulas of growing size for each output of a version, each measured on rows that did not choose it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from kan.encoding import ClassOutput
from kan.formulas.formula import Formula, variable_columns
from kan.formulas.front import MAX_WORK, Rows, smaller_formulas
from kan.formulas.negligible import without_negligible
from kan.formulas.rounding import rounded
from kan.split import Part
from kan.symbolic.grammar import Node
from service.domain.model_cache import LoadedModel
from service.domain.reading.formulas import Measured, exact_formulas, predictions, share_explained
from service.domain.version_rows import VersionRows, version_rows
from service.store.tables import VersionRow

MAX_ROWS = 300
DIGITS = 4
# The chosen formula is the simplest whose held-out error is at most so many times the least one, or so small a share
# of the standard deviation that nobody would see a difference.
NEARLY, INVISIBLE = 1.1, 1e-3

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FrontPoint:
    """One formula: its root mean square error on held-out rows, and R2 there and on the test rows."""

    formula: Formula
    rmse: float
    r2: Measured
    r2_test: Measured
    chosen: bool = False


@dataclass(frozen=True, eq=False)
class Front:
    """The formulas of one output, the smallest first.

    Attributes:
        output: its name.
        against: what errors are from: the target, or the network's own predictions.
        fitted_rows, held_out_rows: on which constants were fitted, and errors measured.
        drawn: in words why the rows were drawn; None where they were not.
        points: each with less error than all smaller ones.
    """

    output: str
    against: Literal["target", "network"]
    fitted_rows: int
    held_out_rows: int
    drawn: str | None
    points: list[FrontPoint]


@dataclass(frozen=True, eq=False)
class _Part:
    """Variables and what a formula should be, in some rows."""

    columns: Mapping[str, Floats]
    y: Floats


def version_fronts(session: Session, version: VersionRow, model: LoadedModel) -> list[Front]:
    """Gives a front for each output.

    Constants are fitted on training rows and errors measured on validation rows. Without a data set rows are drawn,
    every second one to measure on, and errors are from the network's predictions, as they are for classes.

    Raises:
        NoFormula, FormulaUnreadable: the network is no formula.
        StoredDataDamaged: the bytes of the data set or of the split.
    """
    exact = exact_formulas(model)
    rows = version_rows(session, version, model.state, MAX_ROWS)
    columns = variable_columns(exact[0].variables, rows.table)
    said = predictions(model, rows)
    return [_front(model, place, formula, rows, columns, said) for place, formula in enumerate(exact)]


def _front(
    model: LoadedModel, place: int, exact: Formula, rows: VersionRows, columns: dict[str, Floats], said: Floats
) -> Front:
    is_measured = rows.drawn is None and not isinstance(model.encoding.outputs[0], ClassOutput)
    target = rows.table[model.encoding.outputs[place].name].astype(np.float64) if is_measured else said[:, place]
    usable = np.isfinite(target) & np.isfinite(exact.evaluate(columns))
    fitted, held_out, test = (_part(columns, target, marks & usable) for marks in _marks(rows))
    found = _smaller(exact, fitted, MAX_WORK // model.encoding.network_outputs)
    untested = rows.drawn or (None if (rows.parts == Part.TEST).any() else rows.untested)
    points = [_point(replace(exact, root=root), fitted, held_out, test, untested) for root in found]
    against: Literal["target", "network"] = "target" if is_measured else "network"
    with np.errstate(over="ignore"):
        spread = float(held_out.y.std()) if len(held_out.y) else 0.0
    return Front(
        exact.output, against, len(fitted.y), len(held_out.y), rows.drawn, _chosen(_undominated(points), spread)
    )


def _smaller(exact: Formula, fitted: _Part, max_work: int) -> list[Node]:
    if not len(fitted.y):
        return [exact.root]
    return smaller_formulas(exact.root, Rows(fitted.columns, fitted.y), max_work)


def _marks(rows: VersionRows) -> list[NDArray[np.bool_]]:
    """Marks the rows to fit on, to measure on, and of the test."""
    if rows.drawn is not None:
        odd = np.arange(len(rows.parts)) % 2 == 1
        return [~odd, odd, np.zeros_like(odd)]
    parts = [rows.parts == part for part in (Part.TRAIN, Part.VALIDATION, Part.TEST)]
    return parts if parts[1].any() else [parts[0], parts[0], parts[2]]


def _part(columns: Mapping[str, Floats], target: Floats, marks: NDArray[np.bool_]) -> _Part:
    return _Part({symbol: values[marks] for symbol, values in columns.items()}, target[marks])


def _point(formula: Formula, fitted: _Part, held_out: _Part, test: _Part, untested: str | None) -> FrontPoint:
    """Measures a formula as it is printed."""
    plain = without_negligible(formula, fitted.columns, 0.1 ** (DIGITS + 2))
    printed = rounded(plain, fitted.columns, DIGITS, fitted.y).formula
    said, said_test = printed.evaluate(held_out.columns), printed.evaluate(test.columns)
    with np.errstate(all="ignore"):
        rmse = float(np.sqrt(np.mean((said - held_out.y) ** 2))) if len(said) else np.inf
    r2_test = Measured(None, untested) if untested else share_explained(test.y, said_test)
    return FrontPoint(printed, rmse, share_explained(held_out.y, said), r2_test)


def _undominated(points: list[FrontPoint]) -> list[FrontPoint]:
    """Gives the points with less error than all that are no larger; the smallest one always."""
    kept: list[FrontPoint] = []
    for point in sorted(points, key=lambda item: (item.formula.complexity, item.rmse)):
        if not kept or point.rmse < kept[-1].rmse:
            kept.append(point)
    return kept


def _chosen(points: list[FrontPoint], spread: float) -> list[FrontPoint]:
    limit = max(NEARLY * min(point.rmse for point in points), INVISIBLE * spread)
    first = next((place for place, point in enumerate(points) if point.rmse <= limit), 0)
    return [replace(point, chosen=place == first) for place, point in enumerate(points)]
