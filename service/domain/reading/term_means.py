"""The mean of every edge into the outputs over the training rows: what contributions are counted from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kan.cost import rows_per_block
from kan.decomposition import output_terms
from kan.encoding import encode
from kan.state import NetworkState
from kan.table_rows import row_blocks


def term_means(state: NetworkState, table: Mapping[str, NDArray[Any]], wanted: NDArray[np.bool_]) -> list[list[float]]:
    """Gives (nodes before the last layer, sums) means; 0 where a term has none, since it is no number in some row.

    Args:
        state: with its encoding.
        table: all rows.
        wanted: marks of those to take the mean over, at least one.
    """
    assert state.encoding is not None
    last = state.layers[-1]
    total, size = np.zeros((last.inputs, last.outputs)), rows_per_block(last.inputs * last.outputs)
    for _, block in row_blocks(table, wanted, partial(encode, state.encoding)):
        for start in range(0, len(block), size):
            total += output_terms(state, block[start : start + size]).sum(axis=0)
    means = total / int(wanted.sum())
    found: list[list[float]] = np.where(np.isfinite(means), means, 0.0).tolist()
    return found
