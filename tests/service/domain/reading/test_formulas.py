"""Whatever the network, its formula as text at raw inputs is its prediction within the gap that is stated."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from sqlalchemy.orm import Session

from kan.compiled_predictor import Predictor
from kan.encoding import Encoding, LevelsInput, MissingInput, NumberInput, NumberOutput
from kan.formulas.formula import variable_columns
from service.domain.model_cache import LoadedModel
from service.domain.reading.formula_errors import NoFormula
from service.domain.reading.formulas import predictions, root_mean_square, share_explained, version_formulas
from service.domain.version_rows import version_rows
from service.store.tables import VersionRow
from tests.kan.formulas.networks import FUNCTIONS, symbolic_network
from tests.kan.symbolic.trees import independent_value

INPUTS = (
    NumberInput("year", "year", 2000.0, 10.0, 1990.0, 2010.0),
    NumberInput("cost in $", "cost in $", 5e5, 5e5, 0.0, 1e6),
    LevelsInput("E", "E", ("lambda", "x1", "sin"), (5, 5, 5)),
    NumberInput("water", "water", 180.0, 60.0, 120.0, 240.0, 185.0),
    MissingInput("water (missing)", "water"),
)
ENCODING = Encoding(INPUTS, (NumberOutput("y", 35.0, 16.0), NumberOutput("N", -1e6, 1e3)))
# Versions without a data set ask no database.
NO_SESSION = cast(Session, None)


def model(seed: int) -> LoadedModel:
    functions = FUNCTIONS if seed % 2 else ("x", "sin", "x^2")
    state = symbolic_network(
        *(5, 4, 2), functions=functions, levels=(None, None, 3, None, 1), arities=[(2,)], encoding=ENCODING, seed=seed
    )
    return LoadedModel(state, ENCODING, Predictor(state), 0)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("digits", [2, 4, 17])
def test_text_at_raw_inputs_is_the_prediction_within_the_gap(seed: int, digits: int) -> None:
    loaded, version = model(seed), VersionRow(dataset_id=None, split_sha256=None)
    found = version_formulas(NO_SESSION, version, loaded, digits)
    rows = version_rows(NO_SESSION, version, loaded.state, 2_000)
    said = predictions(loaded, rows)
    columns = variable_columns(found[0].exact.variables, rows.table)
    for place, formula in enumerate(found):
        text = formula.written("text")
        for row in range(0, 2_000, 97):
            value = independent_value(text, {symbol: float(values[row]) for symbol, values in columns.items()})
            if np.isfinite(said[row, place]):
                rounding = 1e-9 * max(1.0, abs(value))
                assert abs(value - said[row, place]) <= formula.max_gap + rounding
        if digits == 17:
            assert formula.max_gap <= 1e-8 * np.abs(said[:, place]).max()


def test_splines_are_all_named(network_of: Any) -> None:
    state = network_of(INPUTS[:2], (NumberOutput("y", 0.0, 1.0),), hidden=1)
    loaded = LoadedModel(state, state.encoding, Predictor(state), 0)
    with pytest.raises(NoFormula) as caught:
        version_formulas(NO_SESSION, VersionRow(dataset_id=None), loaded, 4)
    assert caught.value.edges == ((0, 0, 0), (0, 1, 0), (1, 0, 0))


def test_numbers_near_the_end_of_what_a_float_holds_are_measured() -> None:
    large = np.array([1e200, 3e200, -2e200])
    assert share_explained(large, large).value == 1.0
    assert "too far off" in str(share_explained(np.array([1e-200, 3e-200]), np.array([1e200, 0.0])).reason)
    assert root_mean_square(np.array([3e200, 4e200])) == pytest.approx(12.5**0.5 * 1e200)
    assert root_mean_square(np.array([])) == 0.0


def test_share_explained_is_r2_or_says_why_not() -> None:
    y = np.array([1.0, 2.0, 4.0])
    assert share_explained(y, y).value == 1.0
    assert share_explained(y, np.full(3, y.mean())).value == pytest.approx(0.0)
    assert "do not vary" in str(share_explained(np.ones(3), y).reason)
    assert "no value" in str(share_explained(y, np.array([1.0, np.nan, 4.0])).reason)
    assert "fewer than two" in str(share_explained(y[:1], y[:1]).reason)
