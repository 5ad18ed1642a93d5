"""By how far a version is off on the test rows, which it never learnt from: what its intervals are made of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kan.conformal import conformity_scores, kept_scores
from kan.encoding import Table, encode
from kan.predictor import evaluate
from kan.split import Part
from kan.state import Array, NetworkState
from kan.table_rows import row_blocks

Residuals = list[dict[str, Any]]

# In a resolved spec: the network that training starts from may have learnt from the test rows.
KNOWN_ROWS = "knows_test_rows"


def knows_test_rows(training: Mapping[str, Any]) -> bool:
    """Says by the facts of a version's training whether it, or an ancestor, may have learnt from its test rows."""
    return bool(training.get(KNOWN_ROWS) or (training.get("resolved") or {}).get(KNOWN_ROWS))


def kept_residuals(training: Mapping[str, Any], residuals: Residuals | None) -> dict[str, Any]:
    """Gives what a child without a training of its own keeps: nothing where its parent may know the test rows.

    Args:
        training: the parent's facts.
        residuals: of the child.
    """
    return {KNOWN_ROWS: True, "residuals": None} if knows_test_rows(training) else {"residuals": residuals}


def held_out_residuals(
    state: NetworkState, table: Mapping[str, NDArray[Any]], parts: NDArray[np.uint8]
) -> Residuals | None:
    """Gives what to keep of each target, None where there are no test rows.

    Validation rows are none: a refit learns from them.

    Args:
        state: with its encoding.
        table: all rows, with the targets.
        parts: (rows,) `Part` codes.
    """
    wanted = parts == Part.TEST
    if not wanted.any():
        return None
    found = [block for _, block in row_blocks(table, wanted, partial(_scores, state))]
    return kept_scores(np.concatenate(found))


def _scores(state: NetworkState, rows: Table) -> Array:
    assert state.encoding is not None
    return conformity_scores(state.encoding, evaluate(state, encode(state.encoding, rows)), rows)
