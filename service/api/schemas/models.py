"""The shapes of models and versions in answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from pydantic import BaseModel, Field

from service.domain.idempotency import Answer
from service.domain.models import ModelSummary, VersionStatus
from service.store.tables import VersionRow

SIGNATURE_EXAMPLE = {
    "task": "regression",
    "inputs": [
        {"name": "cement", "type": "number", "units": "kg/m3", "range": [102.0, 540.0], "missing": False},
        {"name": "site", "type": "category", "units": None, "levels": ["north", "south"]},
    ],
    "outputs": [{"name": "compressive_strength", "type": "number", "units": "MPa"}],
    "network": {
        "widths": [2, 1],
        "grid": 5,
        "degree": 3,
        "base": "silu",
        "constraints": [{"layer": 0, "source": 0, "target": 0, "kind": "increasing"}],
    },
    "parameters": 11,
}


class OutputChange(BaseModel):
    """How much one output changed, in its unit; of a class in logits."""

    output: str
    max_change: float | None = Field(description="Largest change over the rows where it is a number before and after.")
    rms_change: float | None = Field(description="Root mean square change over the same rows.")
    reason: str | None = Field(None, description="Why both are null.")


class CertificateRead(BaseModel):
    """The change of every output over the training rows, measured with both networks."""

    rows: int
    undefined_rows: int = Field(description="Rows where an output was a number before and is none now; left out.")
    outputs: list[OutputChange]
    warnings: list[str] = Field([], description="Formulas that have no value on or close to the training range.")


class PromotedFrom(BaseModel):
    """The checkpoint that a version is."""

    job: str
    number: int
    stage: int
    stage_name: str
    step: int
    train_loss: float | None
    validation_loss: float | None = Field(description="Of networks that never saw the validation rows.")


class EditFacts(BaseModel):
    """What was done to the parent, and what it changed."""

    of: int = Field(description="Number of the version that was edited.")
    operations: list[dict[str, Any]]
    checkpoint: PromotedFrom | None = Field(None, description="Of a version that was promoted from one.")
    fit: dict[str, Any] | None = Field(None, description="The stage that followed; null where there was none.")
    metrics_before: dict[str, Any] = Field(description="As `metrics`, of the version that was edited.")
    certificate: CertificateRead | None
    unmeasured: str | None = Field(description="Why metrics and certificate are missing; null where they are there.")


EDIT_EXAMPLE = {
    "of": 1,
    "operations": [{"op": "prune_edge", "layer": 0, "source": 1, "target": 2}],
    "metrics_before": {
        "test": {"rows": 206, "rmse": 5.1, "mae": 3.6, "median_absolute_error": 2.5, "max_error": 21.4, "r2": 0.90}
    },
    "certificate": {
        "rows": 659,
        "undefined_rows": 0,
        "outputs": [{"output": "compressive_strength", "max_change": 1.7, "rms_change": 0.4, "reason": None}],
        "warnings": [],
    },
    "unmeasured": None,
}


class VersionRead(BaseModel):
    """One immutable version of a model."""

    id: str
    model: str
    version: int
    status: VersionStatus = Field(description="`latest` is the published version with the largest number.")
    signature: dict[str, Any] = Field(
        description="Inputs with type, units, training range or categories; outputs; the network, with the "
        "`constraints` that its edges keep in every training.",
        examples=[SIGNATURE_EXAMPLE],
    )
    metrics: dict[str, Any] = Field(
        description="Per part (train, validation, test) of the training data set: rows and, of numbers, rmse, mae, "
        "median_absolute_error, max_error and r2; of classes accuracy and log_loss."
    )
    parameters: int | None = Field(description="Trainable numbers of the network.")
    training_seconds: float | None
    training: dict[str, Any] = Field(description="Outcome and the resolved spec of the run.")
    dataset: str | None = Field(description="The data set it was trained on; null once that is deleted.")
    job: str | None
    parent: str | None = Field(description="Id of the version it was made from; null once that is deleted.")
    edit: EditFacts | None = Field(description="null where a training made it.", examples=[EDIT_EXAMPLE])
    seed: int | None
    sha256: str = Field(description="Hash of the checkpoint.")
    code_version: str
    created_at: datetime


class ModelRead(BaseModel):
    """A name with a lineage of versions."""

    name: str
    created_at: datetime
    versions: int
    latest: VersionRead | None = Field(description="null where only drafts are left.")


class ModelPage(BaseModel):
    """Models, the one with the newest version first; fewer than asked for where they are large: `next_cursor` tells."""

    data: list[ModelRead]
    next_cursor: str | None


class VersionPage(BaseModel):
    """Versions, newest first; fewer than were asked for where they are large (8 MiB together): `next_cursor` tells."""

    data: list[VersionRead]
    next_cursor: str | None


def version_read(row: VersionRow) -> VersionRead:
    """Gives a row as it is shown."""
    resolved = row.training.get("resolved") or {}
    return VersionRead(
        id=row.id,
        model=row.model_name,
        version=row.version,
        status=cast(VersionStatus, row.status),
        signature=row.signature,
        metrics=row.metrics,
        parameters=row.signature.get("parameters", row.training.get("parameters", resolved.get("parameters"))),
        training_seconds=row.training.get("seconds"),
        training={name: fact for name, fact in row.training.items() if name not in ("term_means", "residuals")},
        dataset=row.dataset_id,
        job=row.job_id,
        parent=row.parent_id,
        edit=None if row.edit is None else EditFacts(**row.edit),
        seed=row.seed,
        sha256=row.blob_sha256,
        code_version=row.code_version,
        created_at=row.created_at,
    )


def version_answer(row: VersionRow) -> Answer:
    """Gives the answer to the request that made a version."""
    location = f"/v1/models/{row.model_name}/versions/{row.version}"
    return Answer(201, location, version_read(row).model_dump(mode="json"))


def model_read(summary: ModelSummary) -> ModelRead:
    """Gives a model as it is shown."""
    return ModelRead(
        name=summary.row.name,
        created_at=summary.row.created_at,
        versions=summary.versions,
        latest=None if summary.latest is None else version_read(summary.latest),
    )
