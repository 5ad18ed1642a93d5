"""Which rows train, which choose, which judge: one seeded split, stratified for classes."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Part(IntEnum):
    """The part a row belongs to; UNUSED rows have no target."""

    TRAIN = 0
    VALIDATION = 1
    TEST = 2
    UNUSED = 3


def split_rows(
    usable: NDArray[np.bool_],
    *,
    test_fraction: float,
    validation_fraction: float,
    seed: int,
    strata: NDArray[np.int64] | None = None,
) -> NDArray[np.uint8]:
    """Gives each row its part: the test part first, then validation from what is left.

    Args:
        usable: (rows,) rows with a target.
        test_fraction: share of the usable rows, [0, 1).
        validation_fraction: share of the rest, [0, 1).
        seed: the same seed and rows give the same split.
        strata: (rows,) class indices; each part then has about the same share of every class, and the training part
            a row of each, where it has room.

    Returns:
        (rows,) `Part` codes.
    """
    generator = np.random.default_rng([seed, 0x5B117])
    parts = np.full(len(usable), Part.UNUSED, dtype=np.uint8)
    order = generator.permutation(np.flatnonzero(usable))
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    test = _spread(len(order), test_fraction)
    parts[order[test]] = Part.TEST
    rest = order[~test]
    validation = _spread(len(rest), validation_fraction)
    parts[rest[validation]] = Part.VALIDATION
    parts[rest[~validation]] = Part.TRAIN
    if strata is not None:
        _teach_every_class(parts, order, strata)
    return parts


def _teach_every_class(parts: NDArray[np.uint8], order: NDArray[np.intp], strata: NDArray[np.int64]) -> None:
    """Exchanges a row of each class that has no training row for one of the commonest class; no part changes its size.

    A class of one or two rows may have them all where others judge; it could then never be learnt.
    """
    for absent in np.setdiff1d(strata[order], strata[order[parts[order] == Part.TRAIN]]):
        training = order[parts[order] == Part.TRAIN]
        counts = np.bincount(strata[training], minlength=1)
        if counts.max() < 2:
            return
        rows = order[strata[order] == absent]
        taken = rows[parts[rows].argmin()]
        given = training[strata[training] == counts.argmax()][-1]
        parts[[taken, given]] = parts[[given, taken]]


def _spread(count: int, fraction: float) -> NDArray[np.bool_]:
    """Marks `fraction` of `count` positions, evenly spread, so that sorted strata are each cut alike."""
    wanted = round(count * fraction)
    edges = (np.arange(count + 1) * wanted) // max(count, 1)
    return np.diff(edges).astype(bool)
