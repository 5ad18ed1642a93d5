"""The shapes of checkpoints, and of what makes a version of one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.api.schemas.body import Body
from service.domain.checkpoints import Checkpoint, Role

_EXAMPLE: dict[str, Any] = {
    "number": 2,
    "stage": 1,
    "stage_name": "fit",
    "stage_ended": True,
    "step": 50,
    "train_loss": 0.031,
    "validation_loss": 0.048,
    "kept_for": ["stage_end", "best"],
    "sha256": "9b0f4d6c3b9b1c1f0a3c2c4b6f0d2b1e7a5c9d8e0f1a2b3c4d5e6f7a8b9c0d1e",
    "bytes": 11328,
    "created_at": "2026-01-31T12:00:00Z",
}


class CheckpointRead(BaseModel):
    """A network from the middle of a training."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    number: int
    stage: int = Field(description="Number of the stage, from 1.")
    stage_name: str
    stage_ended: bool = Field(description="Is it what the stage ended with?")
    step: int = Field(description="Of the stage, as its progress counts.")
    train_loss: float | None = Field(description="Mean loss of the training rows, without penalty.")
    validation_loss: float | None = Field(description="The same of networks that never saw the validation rows.")
    kept_for: list[Role] = Field(description="Why it stays when the job has ended; empty: it does not.")
    sha256: str | None = Field(description="Hash of the model; null once its bytes are not kept any more.")
    bytes: int
    created_at: datetime


class CheckpointList(BaseModel):
    """All checkpoints of one training, oldest first."""

    data: list[CheckpointRead]
    next_cursor: None = Field(None, description="Always null: the list is whole.")


class PromotionCreate(Body):
    """How a checkpoint becomes a version."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"publish": True}]})

    publish: bool = Field(False, description="Make it a published version, not a draft.")


def checkpoint_list(found: list[Checkpoint]) -> CheckpointList:
    """Gives checkpoints as they are shown."""
    return CheckpointList(data=[checkpoint_read(each) for each in found])


def checkpoint_read(found: Checkpoint) -> CheckpointRead:
    """Gives a checkpoint as it is shown."""
    row = found.row
    return CheckpointRead(
        number=row.number,
        stage=row.stage,
        stage_name=row.stage_name,
        stage_ended=row.stage_ended,
        step=row.step,
        train_loss=row.train_loss,
        validation_loss=row.validation_loss,
        kept_for=list(found.kept_for),
        sha256=row.blob_sha256,
        bytes=row.bytes,
        created_at=row.created_at,
    )
