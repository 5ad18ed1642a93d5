"""What a comparison measures of each side: test scores, size, time to train and to predict, and the formula."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from kan.errors import CheckpointError, FormulaTooLarge, NotSymbolic
from kan.formulas.building import formulas
from kan.formulas.formula import variable_columns
from kan.formulas.negligible import without_negligible
from kan.formulas.rounding import rounded
from kan.scores import Scores
from kan.state import NetworkState
from kan.table_rows import TableRows

KAN, FORMULA, LINEAR = "kan", "formula", "linear"
MLP_PARAMETERS, MLP_TIME = "mlp_parameters", "mlp_time"
BASELINES = (MLP_PARAMETERS, MLP_TIME, LINEAR)
DIGITS = 4
# Terms of which four digits show nothing.
NEGLIGIBLE = 1e-6
# Rows by which digits are chosen.
CHOOSING_ROWS = 500
# A longer text is not shown.
LONGEST_TEXT = 1_000
PREDICTED_ROWS, REPEATS = 1_000, 5
CONSTANTS_OF_A_FORMULA = 4


@dataclass(frozen=True)
class FormulaFacts:
    """How far a network can be read.

    Attributes:
        splines: edges that are no formulas; none where it is a formula.
        complexity: of all outputs together, by `kan.symbolic.complexity`, without negligible terms; None where there
            is no formula.
        texts: one an output, with at least four digits; empty where there is none or it is too long to show.
    """

    splines: int
    complexity: int | None = None
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measurement:
    """One side on one split.

    Attributes:
        side: one of `KAN`, `FORMULA` and `BASELINES`.
        test: scores of the test rows.
        parameters: trained numbers that are left in what predicts.
        train_cpu_seconds: all that was spent to get it.
        predict_microseconds: CPU time a row, of up to 1,000 encoded rows at once.
        formula: of the KAN sides.
    """

    side: str
    seed: int
    test: Scores
    parameters: int
    train_cpu_seconds: float
    predict_microseconds: float
    formula: FormulaFacts | None = None


def formula_facts(state: NetworkState, rows: TableRows) -> FormulaFacts:
    """Gives the formula of a network, where it is one.

    Args:
        state: with its encoding.
        rows: by which the digits are chosen.
    """
    try:
        found = formulas(state)
    except NotSymbolic as error:
        return FormulaFacts(len(error.edges))
    except FormulaTooLarge:
        return FormulaFacts(0)
    columns = variable_columns(found[0].variables, rows)
    plain = [without_negligible(formula, columns, NEGLIGIBLE) for formula in found]
    short = [rounded(formula, columns, DIGITS).formula.written("text") for formula in plain]
    texts = tuple(short) if sum(map(len, short)) <= LONGEST_TEXT else ()
    return FormulaFacts(0, sum(formula.complexity for formula in plain), texts)


def trained_numbers(state: NetworkState) -> int:
    """Gives how many numbers make up what a network predicts: those of edges that are still there."""
    total = 0
    for layer in state.layers:
        alive = layer.mask != 0
        tables = {table.source: len(table.values) - 1 for table in layer.levels}
        for source in range(layer.inputs):
            each = tables.get(source, layer.coefficients.shape[1] + (1 if state.base == "silu" else 0))
            total += each * int(alive[source].sum())
        total += CONSTANTS_OF_A_FORMULA * len(layer.formulas)
    return total


def microseconds_per_row(predict: Callable[[], object], rows: int, clock: Callable[[], float]) -> float:
    """Gives the least CPU time of several calls, a row; the first call, which may have to compile, is not counted."""
    predict()
    times = []
    for _ in range(REPEATS):
        started = clock()
        predict()
        times.append(clock() - started)
    return 1e6 * min(times) / max(rows, 1)


def measurements_to_bytes(found: Iterable[Measurement]) -> bytes:
    """Writes measurements, to go on after them."""
    return json.dumps([asdict(item) for item in found]).encode()


def measurements_from_bytes(data: bytes) -> list[Measurement]:
    """Reads them.

    Raises:
        CheckpointError: the bytes are none.
    """
    try:
        return [_measurement(item) for item in json.loads(data)]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError("not a checkpoint of a comparison") from error


def _measurement(item: dict[str, Any]) -> Measurement:
    facts = item.pop("formula")
    if facts is not None:
        facts = FormulaFacts(**{**facts, "texts": tuple(facts["texts"])})
    return Measurement(**item, formula=facts)
