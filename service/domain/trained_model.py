"""What a training hands over to be kept or published; the training child imports it without the store."""

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
        residuals: by how far it is off on the test rows; None without any.
    """

    model: bytes
    split: bytes
    metrics: dict[str, Any]
    signature: dict[str, Any]
    outcome: str
    train_seconds: float
    term_means: list[list[float]] | None = None
    change: dict[str, Any] | None = None
    residuals: list[dict[str, Any]] | None = None


@dataclass(frozen=True, eq=False)
class TrainingMoment:
    """The best network in the middle of a training, as a model of its own.

    Attributes:
        model: what it would be published as.
        stage: number of the stage, from 1.
        stage_name: such as "fit".
        stage_ended: is it what the stage ended with?
        step: of the stage, in the stage's own measure.
        train_loss, validation_loss: mean losses without penalty; None where they are not finite.
    """

    model: bytes
    stage: int
    stage_name: str
    stage_ended: bool
    step: int
    train_loss: float | None
    validation_loss: float | None
