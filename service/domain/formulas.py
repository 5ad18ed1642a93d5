"""The formula of a version: one expression for each output in the units of the data, and how near to the data it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from kan.encoding import decode, encode
from kan.errors import FormulaTooLarge, NotSymbolic
from kan.formulas.building import formulas
from kan.formulas.formula import NOTATIONS, Formula, FormulaVariable, variable_columns
from kan.formulas.rounding import RoundedFormula, rounded
from kan.predictor import evaluate
from kan.split import Part
from kan.state import NetworkState
from kan.table_rows import TableRows
from service.domain.edit_measures import measured_rows
from service.domain.errors import Fault, FormulaUnreadable, NoFormula, TrainingDataGone
from service.domain.model_cache import LoadedModel
from service.store.tables import VersionRow

Notation = Literal["text", "latex", "mathml", "python", "c"]
# Of each part, to decide on digits and to compare.
FORMULA_ROWS = 1_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ToldFormula:
    """The formula of one output.

    Attributes:
        formula: with as many digits as were asked for, or more where fewer would change it.
        rounding: what short numbers cost; None where nothing was rounded.
        r2_network: share of the network's variance on training rows that it explains; None without a data set.
        r2_test: of the target's variance on test rows; None without, and for classes.
    """

    formula: Formula
    rounding: RoundedFormula | None
    r2_network: float | None
    r2_test: float | None


def told_formulas(session: Session, version: VersionRow, model: LoadedModel, digits: int | None) -> list[ToldFormula]:
    """Gives a formula for each output.

    Args:
        session: to read with.
        version, model: which network.
        digits: the fewest significant digits of its numbers; None = all.

    Raises:
        NoFormula: some edges are still splines; the faults name them.
        FormulaUnreadable: it would be too long.
        TrainingDataGone: digits are asked for, and there are no rows to decide on.
    """
    exact = _exact(model.state)
    found = measured_rows(session, version, model.state, FORMULA_ROWS)
    if found is None:
        if digits is not None:
            raise TrainingDataGone
        return [ToldFormula(formula, None, None, None) for formula in exact]
    table, parts = found
    train, test = (TableRows(table, parts == part) for part in (Part.TRAIN, Part.TEST))
    outputs = decode(model.encoding, evaluate(model.state, encode(model.encoding, train)))
    columns = variable_columns(exact[0].variables, train)
    told = []
    for place, formula in enumerate(exact):
        rounding = None if digits is None else rounded(formula, columns, digits)
        shown = formula if rounding is None else rounding.formula
        r2_network = _r2(outputs[:, place], shown.evaluate(columns))
        told.append(ToldFormula(shown, rounding, r2_network, _r2_test(shown, test)))
    return told


def variable_facts(variable: FormulaVariable, units: Mapping[str, str | None]) -> dict[str, Any]:
    """Gives what a symbol of a formula stands for."""
    return {
        "symbol": variable.symbol,
        "column": variable.column,
        "units": units.get(variable.column),
        "level": variable.level,
        "is_missing": variable.is_missing,
        "fill": variable.fill,
        "label": variable.label,
    }


def written(told: ToldFormula, notation: Notation) -> str:
    """Gives a formula in one notation."""
    return NOTATIONS[notation](told.formula)


def _exact(state: NetworkState) -> list[Formula]:
    try:
        return formulas(state)
    except NotSymbolic as error:
        message = "still a spline; fix it to a function, or prune it"
        faults = [Fault("/activations/" + "/".join(map(str, edge)), "spline", message) for edge in error.edges]
        raise NoFormula(len(error.edges), faults) from None
    except FormulaTooLarge as error:
        raise FormulaUnreadable(str(error)) from None


def _r2_test(formula: Formula, test: TableRows) -> float | None:
    if formula.kind != "value":
        return None
    return _r2(test[formula.output], formula.evaluate(variable_columns(formula.variables, test)))


def _r2(actual: Floats, said: Floats) -> float | None:
    """Gives the share of the variance explained; None without rows, without variance, or where a value is none."""
    if len(actual) == 0 or not (np.isfinite(actual).all() and np.isfinite(said).all()):
        return None
    spread = float(np.square(actual - actual.mean()).sum())
    return 1.0 - float(np.square(actual - said).sum()) / spread if spread > 0 else None
