"""Intervals that hold what they promise on average: by how far a network was off on rows it never saw.

Split conformal prediction: of n such rows, the next one of the same kind is off by no more than the k-th smallest error
with a probability of at least k / (n + 1), whatever the network and the distribution are.
Source: Lei et al., Distribution-Free Predictive Inference for Regression (2018), theorem 2.2; for classes the score is
1 minus the probability of the true one: Sadinle et al., Least Ambiguous Set-Valued Classifiers (2019).
"""

from collections.abc import Mapping
from math import ceil
from typing import Any

import numpy as np

from kan.encoding import ClassOutput, Encoding, Table, decode, encode_targets, probabilities
from kan.state import Array

# Order statistics that are kept of each target: every version has them. Ranks between count as the next one, so that
# the promise still holds.
MOST_KEPT = 250


def conformity_scores(encoding: Encoding, outputs: Array, table: Table) -> Array:
    """Gives how far the network is off in each row.

    Args:
        encoding: of the network.
        outputs: (rows, network outputs).
        table: with the targets of these rows.

    Returns:
        (rows, targets) absolute errors in the units of the data, NaN where a target is missing, infinite where the
        network has no answer; of classes (rows, 1), 1 minus the probability of the true one.
    """
    first, targets = encoding.outputs[0], encode_targets(encoding, table)
    if isinstance(first, ClassOutput):
        shares = probabilities(encoding, outputs)[np.arange(len(outputs)), targets.astype(np.intp)]
        # A class that training never saw has no probability.
        return np.asarray(np.where(targets < 0, 1.0, 1.0 - shares))[:, None]
    said, true = decode(encoding, outputs), decode(encoding, np.asarray(targets, dtype=np.float64))
    return np.where(np.isfinite(said), np.abs(true - said), np.where(np.isnan(true), np.nan, np.inf))


def kept_scores(scores: Array) -> list[dict[str, Any]]:
    """Gives what to keep of the scores of each target, as plain values: rows, and some order statistics with ranks.

    Args:
        scores: (rows, targets); a row without a score of a target does not count for it.
    """
    found = []
    for column in scores.T:
        ordered = np.sort(column[np.isfinite(column)])
        count = len(ordered)
        ranks = np.unique(np.ceil(np.linspace(1, count, min(count, MOST_KEPT)))).astype(np.intp)
        values = [float(ordered[rank - 1]) for rank in ranks]
        # What is infinite counts, and has no rank that a bound could have.
        rows = int((~np.isnan(column)).sum())
        found.append({"rows": rows, "ranks": [int(rank) for rank in ranks], "values": values})
    return found


def conformal_bound(kept: Mapping[str, Any], level: float) -> float | None:
    """Gives the score that a new row does not exceed with a probability of at least `level`; None for too few rows.

    >>> conformal_bound({"rows": 4, "ranks": [1, 2, 3, 4], "values": [0.1, 0.2, 0.5, 0.9]}, 0.6)
    0.5

    Args:
        kept: of one target, of `kept_scores`.
        level: between 0 and 1.
    """
    # The product may lie a rounding above a whole number that it is.
    rank = max(1, ceil(round((kept["rows"] + 1) * level, 9)))
    return next((value for at, value in zip(kept["ranks"], kept["values"], strict=True) if at >= rank), None)
