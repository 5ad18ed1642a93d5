"""How good a network is on each part of its rows, in the user's units."""

import numpy as np
from numpy.typing import NDArray

from kan.encoding import Encoding, Table, decode, encode, encode_targets, probabilities
from kan.predictor import evaluate
from kan.split import Part
from kan.state import Array, NetworkState

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
        rows = {name: values[parts == part] for name, values in table.items()}
        if not (parts == part).any():
            metrics[part.name.lower()] = None
            continue
        use_held_out = part is Part.VALIDATION and held_out is not None
        outputs = held_out if use_held_out and held_out is not None else evaluate(state, encode(encoding, rows))
        metrics[part.name.lower()] = score(encoding, outputs, rows)
    return metrics


def score(encoding: Encoding, outputs: Array, table: Table) -> Scores:
    """Gives the scores of network outputs against the targets in a table.

    Returns:
        regression: rows, rmse, mae (of several targets: the means), r2 (None where the target does not vary);
        classification: rows, accuracy, log_loss.
    """
    targets = encode_targets(encoding, table)
    if encoding.task == "classification":
        return _class_scores(probabilities(encoding, outputs), targets.astype(np.int64))
    return _number_scores(decode(encoding, outputs), decode(encoding, targets.astype(np.float64)))


def _number_scores(predicted: Array, actual: Array) -> Scores:
    # In units of the largest number, so that no square overflows.
    unit = np.maximum(np.abs(actual).max(axis=0), np.abs(predicted).max(axis=0))
    unit = np.where(unit > 0, unit, 1.0)
    scaled, error = actual / unit, predicted / unit - actual / unit
    spread = np.square(scaled - scaled.mean(axis=0)).sum(axis=0)
    left = np.square(error).sum(axis=0)
    # Rounding leaves a constant target a spread of its own last bits; that is none.
    varies = spread > len(actual) * np.square(1e-12 * np.abs(scaled).max(axis=0))
    r2 = float(np.mean(1 - left[varies] / spread[varies])) if varies.all() else None
    rmse = float((np.sqrt(left / len(actual)) * unit).mean())
    return {"rows": len(actual), "rmse": rmse, "mae": float((np.abs(error).mean(axis=0) * unit).mean()), "r2": r2}


def _class_scores(predicted: Array, actual: NDArray[np.int64]) -> Scores:
    chosen = predicted[np.arange(len(actual)), actual]
    return {
        "rows": len(actual),
        "accuracy": float((predicted.argmax(axis=1) == actual).mean()),
        "log_loss": float(-np.log(np.maximum(chosen, SMALLEST_PROBABILITY)).mean()),
    }
