"""The formulas of a network on plain arrays, written out."""

from dataclasses import replace

import numpy as np

from kan.errors import InvalidConfig
from kan.formulas.building import formulas
from kan.formulas.formula import NOTATIONS, input_columns
from kan.formulas.negligible import without_negligible
from kan.formulas.rounding import rounded
from kan.state import Array, NetworkState

# Rows drawn from the grids where no rows are given.
SAMPLE_ROWS = 1000


def written_formulas(
    state: NetworkState,
    *,
    format: str = "text",  # noqa: A002
    digits: int | None = None,
    x: Array | None = None,
) -> str | list[str]:
    """Gives the formula of a network in its own units, x1, x2 and so on; a list of them where it has several outputs.

    Args:
        state: a network all of whose edges are formulas.
        format: text, latex, mathml, python or c.
        digits: the fewest significant digits of its numbers, more where the values would change by more than 1e-3 of
            their standard deviation, and no terms of rounding size; all digits and terms where it is not given.
        x: (rows, inputs) the rows that decide on digits; where not given, rows drawn from the first layer's grids.

    Raises:
        InvalidConfig: an unknown format.
        NotSymbolic: some edges are still splines.
        FormulaTooLarge: a formula would have more than 10,000 names, numbers and operations.
    """
    if format not in NOTATIONS:
        raise InvalidConfig("format", f"expected one of {', '.join(NOTATIONS)}")
    found = formulas(replace(state, encoding=None))
    if digits is not None:
        rows = _sample(state) if x is None else np.asarray(x, dtype=np.float64)
        columns = input_columns(found[0].variables, rows)
        found = [rounded(without_negligible(formula, columns), columns, digits).formula for formula in found]
    texts = [formula.written(format) for formula in found]
    return texts[0] if len(texts) == 1 else texts


def _sample(state: NetworkState) -> Array:
    first, generator = state.layers[0], np.random.default_rng(0)
    low, high = first.knots[:, first.degree], first.knots[:, -first.degree - 1]
    rows = generator.uniform(low, high, (SAMPLE_ROWS, first.inputs))
    for table in first.levels:
        rows[:, table.source] = generator.integers(0, len(table.values), SAMPLE_ROWS)
    return np.asarray(rows)
