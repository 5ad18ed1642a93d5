"""How much of a version's formula the noise in its data hides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kan.encoding import ClassOutput, probabilities
from kan.formulas.noise import noise_limit
from kan.split import Part
from kan.state import NetworkState
from service.domain.version_rows import VersionRows

Floats = NDArray[np.float64]


def hidden_by_noise(state: NetworkState, place: int, rows: VersionRows, said: Floats) -> float:
    """Gives by how much an output's formula may change unseen, 0 where no data tell.

    Args:
        state: with its encoding.
        place: of the output.
        rows, said: the rows, and (rows, outputs) what the network says, a class in logits.
    """
    if rows.drawn:
        return 0.0
    is_training = rows.parts == Part.TRAIN
    noise = _noise(state, place, rows, said)
    return noise_limit(said[:, place], noise, max(1, int(is_training.sum()))) if np.isfinite(noise) else 0.0


def _noise(state: NetworkState, place: int, rows: VersionRows, said: Floats) -> float:
    """Gives the standard deviation of what is left of the target on rows that were held out, if any were.

    A class tells about its logit what a number with a noise of one over the root of p * (1 - p) would.
    """
    assert state.encoding is not None
    output = state.encoding.outputs[min(place, len(state.encoding.outputs) - 1)]
    if isinstance(output, ClassOutput):
        p = probabilities(state.encoding, said[np.isfinite(said).all(axis=1)])[:, -said.shape[1] :][:, place]
        told = float((p * (1.0 - p)).sum()) / max(1, len(p))
        return told**-0.5 if told > 0 else float("inf")
    left = np.asarray(rows.table[output.name], dtype=np.float64) - said[:, place]
    held_out = left[np.isfinite(left) & (rows.parts != Part.TRAIN)]
    known = held_out if len(held_out) > 1 else left[np.isfinite(left)]
    with np.errstate(over="ignore", invalid="ignore"):
        return float(known.std()) if len(known) else float("inf")
