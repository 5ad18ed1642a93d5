"""The shapes of models and versions in answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from service.domain.models import ModelSummary
from service.store.tables import VersionRow

SIGNATURE_EXAMPLE = {
    "task": "regression",
    "inputs": [
        {"name": "cement", "type": "number", "units": "kg/m3", "range": [102.0, 540.0], "missing": False},
        {"name": "site", "type": "category", "units": None, "levels": ["north", "south"]},
    ],
    "outputs": [{"name": "compressive_strength", "type": "number", "units": "MPa"}],
}


class VersionRead(BaseModel):
    """One immutable version of a model."""

    id: str
    model: str
    version: int
    status: str
    signature: dict[str, Any] = Field(
        description="Inputs with type, units, training range or categories; outputs.", examples=[SIGNATURE_EXAMPLE]
    )
    metrics: dict[str, Any] = Field(description="Per part (train, validation, test) of the training data set.")
    parameters: int | None = Field(description="Trainable numbers of the network.")
    training_seconds: float | None
    training: dict[str, Any] = Field(description="Outcome and the resolved spec of the run.")
    dataset: str | None = Field(description="The data set it was trained on; null once that is deleted.")
    job: str | None
    parent: str | None
    seed: int | None
    sha256: str = Field(description="Hash of the checkpoint.")
    code_version: str
    created_at: datetime


class ModelRead(BaseModel):
    """A name with a lineage of versions."""

    name: str
    created_at: datetime
    versions: int
    latest: VersionRead


class ModelPage(BaseModel):
    """Models, the one with the newest version first."""

    data: list[ModelRead]
    next_cursor: str | None


class VersionPage(BaseModel):
    """Versions, newest first."""

    data: list[VersionRead]
    next_cursor: str | None


def version_read(row: VersionRow) -> VersionRead:
    """Gives a row as it is shown."""
    resolved = row.training.get("resolved") or {}
    return VersionRead(
        id=row.id,
        model=row.model_name,
        version=row.version,
        status=row.status,
        signature=row.signature,
        metrics=row.metrics,
        parameters=row.signature.get("parameters", row.training.get("parameters", resolved.get("parameters"))),
        training_seconds=row.training.get("seconds"),
        training=row.training,
        dataset=row.dataset_id,
        job=row.job_id,
        parent=row.parent_id,
        seed=row.seed,
        sha256=row.blob_sha256,
        code_version=row.code_version,
        created_at=row.created_at,
    )


def model_read(summary: ModelSummary) -> ModelRead:
    """Gives a model as it is shown."""
    return ModelRead(
        name=summary.row.name,
        created_at=summary.row.created_at,
        versions=summary.versions,
        latest=version_read(summary.newest),
    )
