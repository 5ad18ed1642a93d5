"""What a finished training hands over to be published; the training child imports it without the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A trained model ready to be published.

    Attributes:
        model: the checkpoint.
        split: the part of every row.
        metrics, signature: as the model's version shows them.
        outcome: how the training ended.
        train_seconds: wall-clock time of the last attempt.
        term_means: of every edge into the outputs over the training rows.
        change: of an edit: metrics before it and its certificate.
    """

    model: bytes
    split: bytes
    metrics: dict[str, Any]
    signature: dict[str, Any]
    outcome: str
    train_seconds: float
    term_means: list[list[float]] | None = None
    change: dict[str, Any] | None = None
