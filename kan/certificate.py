"""How much an edit changed a network: measured on rows, output by output, in the units of the data."""

from dataclasses import dataclass

import numpy as np

from kan.cost import rows_per_block
from kan.encoding import NumberOutput
from kan.errors import ShapeMismatch
from kan.predictor import evaluate
from kan.state import Array, NetworkState


@dataclass(frozen=True)
class Certificate:
    """The change of every output over some rows.

    Attributes:
        outputs: names, as in the encoding; y1, y2, … without one.
        max_change, rms_change: largest and root mean square change; of a number target in its unit, of a class in
            logits, without an encoding in network units; NaN where the output is a number on both sides in no row.
        rows: those looked at.
        undefined_rows: those where an output is a number before and none after; they are left out of the changes.
    """

    outputs: tuple[str, ...]
    max_change: tuple[float, ...]
    rms_change: tuple[float, ...]
    rows: int
    undefined_rows: int = 0


def certificate(before: NetworkState, after: NetworkState, x: Array) -> Certificate:
    """Gives the change from one network to another, both evaluated as they predict.

    Args:
        before, after: networks of the same inputs and outputs.
        x: (rows, inputs) in network units, at least one row.

    Raises:
        ShapeMismatch: no rows, or rows and networks that do not fit together.
    """
    if len(x) == 0:
        raise ShapeMismatch("x", f"(rows, {before.widths[0]}) with at least one row", np.shape(x))
    if before.widths[-1] != after.widths[-1]:
        raise ShapeMismatch("outputs of the second network", f"({before.widths[-1]},)", (after.widths[-1],))
    found = _Change(before.widths[-1])
    size = rows_per_block(max(*before.widths, *after.widths))
    for start in range(0, len(x), size):
        block = x[start : start + size]
        found.add(evaluate(before, block), evaluate(after, block))
    unit = _units(before)
    compared = np.where(found.compared > 0, found.compared, np.nan)
    rms = found.largest * np.sqrt(found.squares / compared)
    largest = np.where(found.compared > 0, found.largest, np.nan)
    return Certificate(
        _names(before), tuple((unit * largest).tolist()), tuple((unit * rms).tolist()), len(x), found.undefined
    )


class _Change:
    """The largest change of every output so far, and the sum of the squared ones in units of it."""

    def __init__(self, outputs: int) -> None:
        self.largest, self.squares, self.undefined = np.zeros(outputs), np.zeros(outputs), 0
        self.compared = np.zeros(outputs, dtype=np.int64)

    def add(self, before: Array, after: Array) -> None:
        is_number = np.isfinite(before) & np.isfinite(after)
        self.compared += is_number.sum(axis=0)
        self.undefined += int((np.isfinite(before) & ~np.isfinite(after)).any(axis=1).sum())
        change = np.abs(np.subtract(after, before, out=np.zeros_like(before), where=is_number))
        largest = np.maximum(self.largest, change.max(axis=0))
        # In units of the largest change: its square may be less or more than a float holds.
        unit = np.where(largest > 0, largest, 1.0)
        self.squares = self.squares * (self.largest / unit) ** 2 + np.square(change / unit).sum(axis=0)
        self.largest = largest


def _units(state: NetworkState) -> Array:
    items = () if state.encoding is None else state.encoding.outputs
    stds = [item.std for item in items if isinstance(item, NumberOutput)]
    return np.array(stds) if stds else np.ones(state.widths[-1])


def _names(state: NetworkState) -> tuple[str, ...]:
    if state.encoding is None:
        return tuple(f"y{number}" for number in range(1, state.widths[-1] + 1))
    return state.encoding.output_names
