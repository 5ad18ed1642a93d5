"""What is to be learnt: rows in network units, their folds, the loss."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kan.losses import Loss
from kan.split import Part
from kan.table_rows import BLOCK_ROWS

# Fold 0 is the validation part; the training rows make up the others.
FOLDS = 5

# A range where rows follow one another: it costs no memory, and its rows are a view.
Rows = range | Tensor


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows for training and for choices; test rows never get here.

    With the training rows first and the validation rows behind them both are views; in another order both are copies.

    Attributes:
        x: (rows, inputs) in network units.
        y: (rows, outputs) standardised, or (rows,) class indices.
        parts: (rows,) `Part` codes, TRAIN or VALIDATION.
        loss: squared error or cross-entropy.
        input_levels: per input its number of levels, None for a number.
        outputs: network outputs.
        seed: of starts and folds.
        raw_inputs: the inputs are not scaled to [-1, 1]; the first grid is laid over them.
    """

    x: Tensor
    y: Tensor
    parts: NDArray[np.uint8]
    loss: Loss
    input_levels: tuple[int | None, ...]
    outputs: int
    seed: int
    raw_inputs: bool = False

    @cached_property
    def is_finite(self) -> bool:
        """Whether no row holds NaN or an infinity: one such row would poison every weight."""
        blocks = [*self.x.split(BLOCK_ROWS), *self.y.split(BLOCK_ROWS)]
        return all(bool(torch.isfinite(block).all()) for block in blocks)

    @cached_property
    def train(self) -> Rows:
        """The training rows."""
        return self._rows(self.parts == Part.TRAIN)

    @cached_property
    def validation(self) -> Rows:
        """The validation rows."""
        return self._rows(self.parts == Part.VALIDATION)

    @property
    def every(self) -> Rows:
        """All rows."""
        return range(len(self.parts))

    def at(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Gives x and y of some rows, of a range as views."""
        if isinstance(rows, range):
            return self.x[rows.start : rows.stop], self.y[rows.start : rows.stop]
        return self.x[rows], self.y[rows]

    def sample(self, rows: Rows, count: int, seed: int) -> Rows:
        """Gives `count` of the rows, drawn without replacement, in their order; all of them where they are no more."""
        if len(rows) <= count:
            return rows
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(rows), generator=generator)[:count].sort().values.to(self.x.device)
        return rows.start + chosen if isinstance(rows, range) else rows[chosen]

    def without_fold(self, fold: int) -> Rows:
        """Gives the rows that a member which holds out `fold` learns from; fold 0 = the training rows."""
        return self._rows(self._folds != fold % FOLDS)

    def fold(self, fold: int) -> Rows:
        """Gives the rows of one fold; fold 0 = the validation rows."""
        return self._rows(self._folds == fold % FOLDS)

    @cached_property
    def _folds(self) -> NDArray[np.uint8]:
        folds = np.zeros(len(self.parts), dtype=np.uint8)
        train = np.flatnonzero(self.parts == Part.TRAIN)
        shuffled = np.random.default_rng([self.seed, 0xF01D]).permutation(train)
        folds[shuffled] = 1 + np.arange(len(train)) % (FOLDS - 1)
        return folds

    def _rows(self, mask: NDArray[np.bool_]) -> Rows:
        first, count = int(mask.argmax()), int(mask.sum())
        if mask[first : first + count].all():
            return range(first, first + count)
        return torch.from_numpy(np.flatnonzero(mask)).to(self.x.device)
