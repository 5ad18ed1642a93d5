"""What is to be learnt: rows in network units, their folds, the loss."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kan.losses import Loss
from kan.split import Part

# Fold 0 is the validation part; the training rows make up the others.
FOLDS = 5


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows for training and for choices; test rows never get here.

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
        return bool(torch.isfinite(self.x).all() and torch.isfinite(self.y).all())

    @cached_property
    def train(self) -> Tensor:
        """Indices of the training rows."""
        return self._indices(self.parts == Part.TRAIN)

    @cached_property
    def validation(self) -> Tensor:
        """Indices of the validation rows."""
        return self._indices(self.parts == Part.VALIDATION)

    @cached_property
    def every(self) -> Tensor:
        """Indices of all rows."""
        return self._indices(np.ones(len(self.parts), dtype=bool))

    def without_fold(self, fold: int) -> Tensor:
        """Indices of the rows that a member which holds out `fold` learns from; fold 0 = the training rows."""
        return self._indices(self._folds != fold % FOLDS)

    def fold(self, fold: int) -> Tensor:
        """Indices of the rows of one fold; fold 0 = the validation rows."""
        return self._indices(self._folds == fold % FOLDS)

    @cached_property
    def _folds(self) -> NDArray[np.int64]:
        folds = np.zeros(len(self.parts), dtype=np.int64)
        train = np.flatnonzero(self.parts == Part.TRAIN)
        shuffled = np.random.default_rng([self.seed, 0xF01D]).permutation(train)
        folds[shuffled] = 1 + np.arange(len(train)) % (FOLDS - 1)
        return folds

    def _indices(self, mask: NDArray[np.bool_]) -> Tensor:
        return torch.from_numpy(np.flatnonzero(mask)).to(self.x.device)
