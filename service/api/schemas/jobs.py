"""The shapes in which jobs are shown and changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.api.negotiation import etag_of
from service.api.schemas.body import FEW, StorableText
from service.api.schemas.job_specs import LabelName, LabelValue
from service.domain import job_patches
from service.domain.idempotency import Answer
from service.domain.jobs import JobView
from service.domain.specs.job_specs import JobDraft

Status = Literal["queued", "running", "pausing", "paused", "cancelling", "cancelled", "succeeded", "failed"]

PATCH_EXAMPLE: dict[str, Any] = {"priority": 5, "labels": {"team": "concrete", "draft": None}}


class Transition(BaseModel):
    """A state that the job came to, and when."""

    status: Status
    at: datetime


class JobRead(BaseModel):
    """A piece of work and how far it came."""

    id: str
    kind: str
    status: Status
    phase: str | None = Field(description="The stage that runs, such as fit.")
    terminal: bool = Field(description="Has it ended for good?")
    reason: str | None = Field(
        description="Why it ended so: user_cancelled, max_runtime, max_attempts_exceeded, diverged, bad_data, "
        "out_of_memory, worker_lost, internal."
    )
    attempt: int = Field(description="Claims in a row without a new checkpoint.")
    max_attempts: int
    retry_of: str | None
    spec: dict[str, Any] = Field(description="As sent.")
    resolved: dict[str, Any] | None = Field(description="What really runs.")
    progress: dict[str, Any] | None
    transitions: list[Transition]
    result: dict[str, Any] | None = Field(
        description="Of a train job: model, version, version_id, metrics; of a compare job: sides, choice, advice; "
        "of a predict job: model, version, rows, bad_rows."
    )
    error: dict[str, Any] | None
    labels: dict[str, str]
    priority: int
    dataset: str | None
    model: str | None
    max_runtime_s: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    traceparent: str | None = Field(None, description="The trace (W3C) of the request that made it, where it had one.")


class JobPage(BaseModel):
    """Jobs, newest first; fewer than were asked for where they are large (8 MiB together): `next_cursor` tells."""

    data: list[JobRead]
    next_cursor: str | None


class DryRun(BaseModel):
    """What a job would do; nothing was stored."""

    kind: str
    model: str | None = Field(description="The one that gets a version, or that predicts; null of a comparison.")
    resolved: dict[str, Any]
    parameters: int | None = Field(description="Trainable numbers of the largest network on the way.")
    memory_bytes: int | None = Field(
        description="Memory that the training takes at most, beside torch itself; null of a predict job, which holds "
        "one part."
    )
    expected_seconds: float | None = Field(description="On one core, likely within a factor of two.")
    warnings: list[Any]


class JobPatch(StorableText):
    """What is to change of a job; what is absent stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [PATCH_EXAMPLE]})

    priority: int = Field(0, ge=-1000, le=1000, description="Higher first; then age.")
    labels: Annotated[dict[LabelName, LabelValue | None], FEW] = Field(
        default_factory=dict, description="Set, or taken away by null; others stay."
    )

    def change(self) -> job_patches.JobPatch:
        """Gives what was really sent."""
        return job_patches.JobPatch(self.priority if "priority" in self.model_fields_set else None, self.labels)


def job_read(view: JobView) -> JobRead:
    """Gives a job as it is shown."""
    row = view.row
    return JobRead(
        id=row.id,
        kind=row.kind,
        status=row.status,
        phase=row.phase,
        terminal=view.is_terminal,
        reason=row.reason,
        attempt=row.attempt,
        max_attempts=row.max_attempts,
        retry_of=row.retry_of,
        spec=row.spec,
        resolved=row.resolved,
        progress=row.progress,
        transitions=[Transition(**step) for step in view.transitions],
        result=row.result,
        error=row.error,
        labels=row.labels,
        priority=row.priority,
        dataset=row.dataset_id,
        model=row.model_name,
        max_runtime_s=row.max_runtime_s,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        traceparent=row.traceparent,
    )


def job_etag(job: JobRead, body: str) -> str:
    """Gives a job's ETag: what a patch compares, a dot, and what a reader does."""
    return f'"{job_patches.revision_of(job.status, job.priority, job.labels)}.{etag_of(body)[1:-1]}"'


def job_answer(view: JobView) -> Answer:
    """Gives the answer to the request that made a job."""
    return Answer(202, f"/v1/jobs/{view.row.id}", job_read(view).model_dump(mode="json"))


def dry_run_read(draft: JobDraft) -> DryRun:
    """Gives a job that was not stored as it is shown."""
    resolved = draft.resolved
    return DryRun(
        kind=draft.kind,
        model=draft.model_name,
        resolved=resolved,
        parameters=resolved.get("parameters"),
        memory_bytes=resolved.get("memory_bytes"),
        expected_seconds=resolved.get("expected_seconds"),
        warnings=list(resolved.get("warnings", ())),
    )
