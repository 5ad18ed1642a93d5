"""How good a network is on each part of its rows, in the user's units, block by block."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kan.encoding import Encoding, Table, decode, encode, encode_targets, probabilities
from kan.predictor import evaluate
from kan.split import Part
from kan.state import Array, NetworkState
from kan.table_rows import row_blocks

Scores = dict[str, float | int | None]
Metrics = dict[str, Scores | None]

SMALLEST_PROBABILITY = 1e-15


def scores(state: NetworkState, table: Table, parts: NDArray[np.uint8], held_out: Array | None) -> Metrics:
    """Gives the scores of the training, validation and test rows; None for a part without rows.

    Args:
        state: with its encoding.
        table: all rows.
        parts: (rows,) `Part` codes.
        held_out: (validation rows, outputs) outputs of networks that never saw the validation rows; the final network
            has learnt from them, so that its own score there would flatter.
    """
    encoding = state.encoding
    assert encoding is not None
    metrics: Metrics = {}
    for part in (Part.TRAIN, Part.VALIDATION, Part.TEST):
        rows = parts == part
        if not rows.any():
            metrics[part.name.lower()] = None
            continue
        known = held_out if part is Part.VALIDATION else None
        outputs = known if known is not None else _outputs(state, encoding, table, rows)
        metrics[part.name.lower()] = score(encoding, outputs, table, rows)
    return metrics


def score(encoding: Encoding, outputs: Array, table: Table, rows: NDArray[np.bool_] | None = None) -> Scores:
    """Gives the scores of network outputs against the targets in a table.

    Args:
        outputs: (rows, network outputs).
        rows: marks of the table's rows that they belong to; None = all.

    Returns:
        regression: rows, rmse, mae, median_absolute_error, max_error (of several targets: the means), r2 (None where
        the target does not vary);
        classification: rows, accuracy, log_loss.
    """
    pairs = _Pairs(encoding, outputs, table, np.ones(len(outputs), dtype=bool) if rows is None else rows)
    return _class_scores(pairs) if encoding.task == "classification" else _number_scores(pairs)


def _outputs(state: NetworkState, encoding: Encoding, table: Table, rows: NDArray[np.bool_]) -> Array:
    outputs = np.empty((int(rows.sum()), encoding.network_outputs))
    for place, x in row_blocks(table, rows, partial(encode, encoding)):
        outputs[place] = evaluate(state, x)
    return outputs


class _Pairs:
    """Blocks of outputs and encoded targets, made anew each time they are passed."""

    def __init__(self, encoding: Encoding, outputs: Array, table: Table, rows: NDArray[np.bool_]) -> None:
        self.encoding, self._outputs, self._table, self._rows = encoding, outputs, table, rows

    def __len__(self) -> int:
        return len(self._outputs)

    def encoded(self) -> Iterator[tuple[Array, NDArray[np.generic]]]:
        for place, targets in row_blocks(self._table, self._rows, partial(encode_targets, self.encoding)):
            yield self._outputs[place], targets

    def decoded(self) -> Iterator[tuple[Array, Array]]:
        for outputs, targets in self.encoded():
            yield decode(self.encoding, outputs), decode(self.encoding, targets.astype(np.float64))


def _number_scores(pairs: _Pairs) -> Scores:
    # In units of the largest number, so that no square overflows.
    largest = np.stack([np.abs(pair).max(axis=1) for pair in map(np.stack, pairs.decoded())]).max(axis=0)
    most, unit = largest[1], np.where(largest.max(axis=0) > 0, largest.max(axis=0), 1.0)
    mean = sum((actual / unit).sum(axis=0) for _, actual in pairs.decoded()) / len(pairs)
    spread, off = np.zeros(len(unit)), np.empty((len(pairs), len(unit)))
    start = 0
    for predicted, actual in pairs.decoded():
        off[start : start + len(actual)] = np.abs(predicted / unit - actual / unit)
        spread += np.square(actual / unit - mean).sum(axis=0)
        start += len(actual)
    # Rounding leaves a constant target a spread of its own last bits; that is none.
    varies = spread > len(pairs) * np.square(1e-12 * most / unit)
    left = np.square(off).sum(axis=0)
    r2 = float(np.mean(1 - left[varies] / spread[varies])) if varies.all() else None
    return {"rows": len(pairs), **_error_sizes(off, unit), "r2": r2}


def _error_sizes(off: Array, unit: Array) -> Scores:
    """Gives the root mean square, the mean, the median and the largest of absolute errors (rows, targets) in units."""
    sizes = {
        "rmse": np.sqrt(np.square(off).mean(axis=0)),
        "mae": off.mean(axis=0),
        "median_absolute_error": np.median(off, axis=0),
        "max_error": off.max(axis=0),
    }
    return {name: float((size * unit).mean()) for name, size in sizes.items()}


def _class_scores(pairs: _Pairs) -> Scores:
    hits, information = 0, 0.0
    for outputs, targets in pairs.encoded():
        predicted, actual = probabilities(pairs.encoding, outputs), targets.astype(np.int64)
        chosen = predicted[np.arange(len(actual)), actual]
        hits += int((predicted.argmax(axis=1) == actual).sum())
        information -= float(np.log(np.maximum(chosen, SMALLEST_PROBABILITY)).sum())
    return {"rows": len(pairs), "accuracy": hits / len(pairs), "log_loss": information / len(pairs)}
