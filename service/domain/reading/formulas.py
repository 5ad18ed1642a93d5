"""The formulas of a version, as short as asked for, measured against its network and its data."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from kan import errors as library
from kan.edge_gaps import edge_gaps
from kan.encoding import ClassOutput, decode, encode
from kan.formulas.building import formulas
from kan.formulas.formula import Formula, FormulaVariable, variable_columns
from kan.formulas.negligible import without_negligible
from kan.formulas.noise import without_hidden
from kan.formulas.rounding import ALL_DIGITS, rounded
from kan.split import Part
from kan.symbolic.complexity import parts
from kan.symbolic.grammar import Constant, Variable
from service.domain.certificates import MAX_WARNINGS
from service.domain.model_cache import LoadedModel
from service.domain.reading.formula_errors import FormulaUnreadable, NoFormula
from service.domain.reading.noise import hidden_by_noise
from service.domain.version_rows import VersionRows, version_rows
from service.store.tables import VersionRow

# Of each part; what is printed is measured on them.
MAX_ROWS = 2_000
# Enough to choose digits and terms by.
CHOOSING_ROWS = 500
# A target that varies by no more of its size than rounding does not vary.
ROUNDING = 1e-12

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """A number, or in words why there is none."""

    value: float | None
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class VersionFormula:
    """One output of a version, written out.

    Attributes:
        printed: the formula with short numbers.
        exact: just as the network predicts.
        digits: significant digits that were needed; 17 = nothing was rounded.
        rows: on which the printed formula was compared with the network's predictions.
        undefined_rows: those of them where the network gives a number and the printed formula none.
        max_gap, rms_gap: between the two, in the unit of the output; of a class in logits. NaN where neither is a
            number in any row.
        r2_network: share of the predictions' variance that the printed formula gives.
        r2_test: share of the target's variance on the test rows.
    """

    printed: Formula
    exact: Formula
    digits: int
    rows: int
    undefined_rows: int
    max_gap: float
    rms_gap: float
    r2_network: Measured
    r2_test: Measured

    @property
    def variables(self) -> list[FormulaVariable]:
        """Those that the formula is made of."""
        used = {part.name for part in parts(self.exact.root) if isinstance(part, Variable)}
        return [variable for variable in self.exact.variables if variable.symbol in used]

    def written(self, notation: str) -> str:
        """Gives the printed formula in a notation of `kan.formulas.formula.NOTATIONS`."""
        return self.printed.written(notation)


def version_formulas(session: Session, version: VersionRow, model: LoadedModel, digits: int) -> list[VersionFormula]:
    """Gives one formula for each output of the network.

    Args:
        session: to read the data set with.
        version, model: which network.
        digits: the fewest significant digits of its numbers, 1 to 17; more where the values would change too much.

    Raises:
        NoFormula, FormulaUnreadable: there is none.
        StoredDataDamaged: the bytes of the data set or of the split.
    """
    exact = exact_formulas(model)
    rows = version_rows(session, version, model.state, MAX_ROWS)
    columns = variable_columns(exact[0].variables, rows.table)
    said = predictions(model, rows)
    return [_measured(model, formula, place, rows, columns, said, digits) for place, formula in enumerate(exact)]


def nearby_gaps(model: LoadedModel) -> list[str]:
    """Gives in words which functions have no value on or close to the range of their input."""
    return [gap.message for gap in edge_gaps(model.state)][:MAX_WARNINGS]


def exact_formulas(model: LoadedModel) -> list[Formula]:
    """Gives the formulas just as the network predicts.

    Raises:
        NoFormula: some of the edges are still splines.
        FormulaUnreadable: too long to be read, or with numbers that are none.
    """
    try:
        found = formulas(model.state)
    except library.NotSymbolic as error:
        raise NoFormula(error.edges) from None
    except library.FormulaTooLarge as error:
        raise FormulaUnreadable(str(error)) from None
    numbers = (part.value for formula in found for part in parts(formula.root) if isinstance(part, Constant))
    if not all(map(isfinite, numbers)):
        raise FormulaUnreadable("in the units of the data a number of the formula is too large for a float64")
    return found


def predictions(model: LoadedModel, rows: VersionRows) -> Floats:
    """Gives (rows, outputs) of the network: numbers in the user's units, classes in logits."""
    raw = model.predictor.evaluate(encode(model.encoding, rows.table))
    return raw if isinstance(model.encoding.outputs[0], ClassOutput) else decode(model.encoding, raw)


def share_explained(actual: Floats, said: Floats) -> Measured:
    """Gives R2, or why there is none."""
    if len(actual) < 2:
        return Measured(None, "fewer than two rows")
    if not np.isfinite(said).all():
        return Measured(None, "it has no value in some rows")
    # In units of the largest value: its square may be more than a float holds.
    unit = float(np.abs(actual).max()) or 1.0
    with np.errstate(over="ignore"):
        actual, said = actual / unit, said / unit
        spread, left = float(np.mean((actual - actual.mean()) ** 2)), float(np.mean((actual - said) ** 2))
    if spread <= ROUNDING**2:
        return Measured(None, "the values do not vary")
    if not np.isfinite(left / spread):
        return Measured(None, "it is too far off for a number")
    return Measured(1.0 - left / spread)


def root_mean_square(values: Floats) -> float:
    """Gives the root of the mean square of values that are not negative, 0 for none, however large they are."""
    unit = float(values.max(initial=0.0)) or 1.0
    return unit * float(np.sqrt(np.mean((values / unit) ** 2))) if len(values) else 0.0


def _measured(
    model: LoadedModel,
    exact: Formula,
    place: int,
    rows: VersionRows,
    columns: dict[str, Floats],
    said: Floats,
    digits: int,
) -> VersionFormula:
    printed, needed = _short(exact, columns, digits, hidden_by_noise(model.state, place, rows, said))
    values, network = printed.evaluate(columns), said[:, place]
    finite = np.isfinite(network)
    apart = np.abs(values[finite] - network[finite])
    defined = apart[np.isfinite(apart)]
    return VersionFormula(
        printed=printed,
        exact=exact,
        digits=needed,
        rows=int(finite.sum()),
        undefined_rows=len(apart) - len(defined),
        max_gap=float(defined.max()) if len(defined) else np.nan,
        rms_gap=root_mean_square(defined) if len(defined) else np.nan,
        r2_network=Measured(None, rows.drawn) if rows.drawn else share_explained(network[finite], values[finite]),
        r2_test=_r2_test(model, place, rows, values),
    )


def _short(exact: Formula, columns: dict[str, Floats], digits: int, hidden: float) -> tuple[Formula, int]:
    """Gives the formula with few digits, without what these or the noise of the data do not show."""
    if digits == ALL_DIGITS:
        return exact, ALL_DIGITS
    step = max(1, len(next(iter(columns.values()), ())) // CHOOSING_ROWS)
    some = {symbol: values[::step] for symbol, values in columns.items()}
    plain = without_negligible(exact, some, 0.1 ** (digits + 2))
    plain = without_hidden(without_negligible(exact, some) if plain is exact else plain, some, hidden)
    found = rounded(plain, some, digits, hidden=hidden)
    return found.formula, found.digits


def _r2_test(model: LoadedModel, place: int, rows: VersionRows, values: Floats) -> Measured:
    if rows.drawn:
        return Measured(None, rows.drawn)
    if isinstance(model.encoding.outputs[0], ClassOutput):
        return Measured(None, "the target is a class, not a number")
    test = rows.parts == Part.TEST
    target = np.asarray(rows.table[model.encoding.outputs[place].name], dtype=np.float64)
    if not test.any():
        return Measured(None, rows.untested)
    return share_explained(target[test], values[test])
