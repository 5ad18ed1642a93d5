"""From an expression to a model version: a network of formulas that predicts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from kan.checkpoint import dump
from kan.errors import ExpressionError
from kan.formulas.compiling import compiled
from kan.state import NetworkState
from kan.symbolic.gaps import Gap, gaps
from kan.symbolic.grammar import CONSTANTS, FUNCTIONS, parse
from kan.symbolic.printing import text
from service.domain.errors import Fault
from service.domain.idempotency import Answer, RequestKey, first_answer, keep_answer
from service.domain.models import is_model_name, publish_version
from service.domain.names import name_fault
from service.domain.reading.formula_errors import InvalidExpression
from service.domain.signatures import network_facts, signature
from service.domain.tables.parsed import pointer_to
from service.store.blobs import put_blob
from service.store.tables import VersionRow

# On which an expression is looked at.
MAX_CORNERS, BOX_ROWS = 256, 1000
# So that no difference of two ends overflows.
LARGEST_END = 1e100

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ExpressionDraft:
    """What is asked for.

    Attributes:
        model_name: gets the next version.
        expression: of the closed grammar.
        ranges: column -> its two ends, from which the network's grids are made.
        target: name of the output.
    """

    model_name: str
    expression: str
    ranges: Mapping[str, Sequence[float]]
    target: str = "y"


def compiled_state(draft: ExpressionDraft) -> tuple[NetworkState, list[str]]:
    """Gives the network of an expression, and in words what of it has no value at a border of the ranges.

    Raises:
        InvalidExpression: names, ranges or an expression that cannot be used; the faults point at them.
    """
    faults = _faults(draft)
    if faults:
        raise InvalidExpression(f"{faults[0].pointer}: {faults[0].message}", faults)
    ranges = {name: (float(ends[0]), float(ends[1])) for name, ends in draft.ranges.items()}
    try:
        expression = parse(draft.expression)
        state = compiled(expression, ranges, draft.target)
        return state, _warnings(gaps(expression.root, _box(ranges)))
    except ExpressionError as error:
        raise InvalidExpression(f"/expression: {error}", [Fault("/expression", "not_usable", str(error))]) from None


def submit_expression(
    session: Session,
    draft: ExpressionDraft,
    *,
    answer_of: Callable[[VersionRow], Answer],
    request: RequestKey | None = None,
) -> Answer:
    """Stores a published version of an expression and its idempotency key in one transaction, and commits.

    Args:
        session: to write with.
        draft: what is asked for.
        answer_of: gives what is answered.
        request: replays the first answer.

    Raises:
        InvalidExpression: nothing is stored.
        IdempotencyKeyReused, IdempotencyKeyInFlight: nothing is stored.
    """
    # Before the first statement: no lock is held while it is compiled.
    state, warnings = compiled_state(draft)
    replay = first_answer(session, request)
    if replay is not None:
        return replay
    answer = keep_answer(session, request, answer_of(_stored(session, draft, state, warnings)))
    session.commit()
    return answer


def _stored(session: Session, draft: ExpressionDraft, state: NetworkState, warnings: list[str]) -> VersionRow:
    assert state.encoding is not None
    return publish_version(
        session,
        model_name=draft.model_name,
        blob_sha256=put_blob(session, dump(state)),
        split_sha256=None,
        signature={**signature(state.encoding), **network_facts(state)},
        metrics={},
        training={"expression": draft.expression, "warnings": warnings},
        job_id=None,
        dataset_id=None,
        seed=None,
    )


def _warnings(found: Sequence[Gap]) -> list[str]:
    """Gives in words which parts have no value at the border of the ranges alone.

    Raises:
        ExpressionError: a part has none inside them.
    """
    for gap in found:
        if not gap.touches:
            words = f"{text(gap.part)} has no value everywhere in the ranges"
            raise ExpressionError(f"{words}: {text(gap.operand)} goes from {gap.low:.4g} to {gap.high:.4g}")
    return [f"{text(gap.part)} has no value at a border of the ranges, or just beyond" for gap in found]


def _box(ranges: Mapping[str, tuple[float, float]]) -> dict[str, Floats]:
    """Gives rows in a box: its corners, or of many columns some of them, and more drawn between."""
    low, high = np.array(list(ranges.values())).T
    corners = islice(product((0.0, 1.0), repeat=len(low)), MAX_CORNERS)
    inner = np.random.default_rng(0).uniform(size=(BOX_ROWS, len(low)))
    rows = low + np.vstack([*map(np.array, corners), np.ones(len(low)), inner]) * (high - low)
    return dict(zip(ranges, rows.T, strict=True))


def _faults(draft: ExpressionDraft) -> list[Fault]:
    faults = []
    if not is_model_name(draft.model_name):
        faults.append(Fault("/name", "not_a_name", "expected a-z, 0-9, . _ - and at most 63 characters"))
    for name, ends in draft.ranges.items():
        message = _column_fault(name, draft.target) or _range_fault(ends)
        if message:
            faults.append(Fault(pointer_to("ranges", name), "not_a_range", message))
    message = name_fault(draft.target)
    if message:
        faults.append(Fault("/target", "not_a_name", message))
    return faults


def _column_fault(name: str, target: str) -> str | None:
    if name in FUNCTIONS or name in CONSTANTS:
        return "expected a name that is no function or constant of the grammar"
    return "expected another name than that of the target" if name == target else name_fault(name)


def _range_fault(ends: Sequence[float]) -> str | None:
    is_range = len(ends) == 2 and ends[0] < ends[1] and max(map(abs, ends)) <= LARGEST_END
    return None if is_range else f"expected two numbers, the lower one first, no larger than {LARGEST_END:g}"
