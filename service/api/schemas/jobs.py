"""The shapes of jobs and their events in requests and answers."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from service.domain.job_specs import JobDraft
from service.domain.jobs import JobView
from service.store.tables import EventRow

Status = Literal["queued", "running", "pausing", "paused", "cancelling", "cancelled", "succeeded", "failed"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]
LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
LabelValue = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
LAST_SEED = 2**53 - 1
# Before the kind of a job, where pydantic tells which of the shapes it took.
TAG = "kind:"
Names = Annotated[list[Name], Field(max_length=10_000)]

TRAIN_EXAMPLE: dict[str, Any] = {
    "kind": "train",
    "dataset": "ds_01m855zsk5fwxvgkyv1bs3g32e",
    "model": "concrete",
    "targets": ["compressive_strength"],
    "preset": "balanced",
    "seed": 0,
}


COMPARE_EXAMPLE: dict[str, Any] = {
    "kind": "compare",
    "dataset": "ds_01m855zsk5fwxvgkyv1bs3g32e",
    "targets": ["compressive_strength"],
    "preset": "balanced",
    "baselines": ["mlp_parameters", "mlp_time", "linear"],
    "seeds": [0, 1, 2],
}

GO_ON_EXAMPLE: dict[str, Any] = {
    "kind": "train",
    "dataset": "ds_01m855zsk5fwxvgkyv1bs3g32e",
    "targets": ["compressive_strength"],
    "init": {"model": "concrete", "version": 3},
    "recipe": [{"stage": "fit", "steps": 50}, {"stage": "symbolify"}],
}


class InitCreate(BaseModel):
    """The version that a training goes on from."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str = Field(max_length=63)
    version: int | Literal["latest"] = "latest"


class TableJobCreate(BaseModel):
    """What every job says that learns from a data set."""

    dataset: str = Field(max_length=100, description="Id of the data set.")
    inputs: Names | None = Field(None, description="Columns to learn from; absent: every usable one but the targets.")
    targets: Names = Field(min_length=1, description="Columns to predict.")
    task: Literal["auto", "regression", "classification"] = Field(
        "auto", description="auto: classification only where the target is a category column."
    )
    network: Literal["auto"] | dict[str, Any] = Field(
        "auto",
        description="auto: chosen by validation; an object fixes hidden, grid, degree, base, grid_eps, and with "
        "multiply the product nodes added to each hidden layer: how many of two factors, or a list of their factors.",
    )
    preset: str | None = Field(None, max_length=50, description="A named recipe: quick, balanced or thorough.")
    test_fraction: float | None = Field(
        None, allow_inf_nan=False, description="Part of the rows kept for testing; absent: 0.2."
    )
    split_column: Name | None = Field(None, description="Column that says train, validation or test for each row.")
    priority: int = Field(0, ge=-1000, le=1000, description="Higher first; then age.")
    max_runtime_s: int | None = Field(None, description="Longest run (seconds).")
    labels: dict[LabelName, LabelValue] = Field(default_factory=dict, description="Anything, to find the job by.")

    @model_validator(mode="after")
    def _is_storable_text(self) -> Self:
        """Refuses what no database keeps: NUL, and halves of characters that JSON can spell but UTF-8 cannot."""
        text = json.dumps(self.model_dump(), ensure_ascii=False)
        if any("\ud800" <= letter <= "\udfff" for letter in text) or "\\u0000" in text:
            raise ValueError("expected Unicode text without NUL and lone surrogates")
        return self

    def spec(self) -> dict[str, Any]:
        """Gives the spec as it was sent, without what was left out."""
        return self.model_dump(exclude_unset=True, exclude_none=True)


class TrainJobCreate(TableJobCreate):
    """What is to be trained: on which data set, to predict what, how."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [TRAIN_EXAMPLE, GO_ON_EXAMPLE]}
    )

    kind: Literal["train"] = "train"
    model: str | None = Field(
        None, max_length=300, description="Gets the next version; absent: made from the data set's name."
    )
    recipe: list[dict[str, Any]] | None = Field(None, max_length=1_000, description="The stages, instead of a preset.")
    test_dataset: str | None = Field(None, max_length=100, description="Not supported yet.")
    init: InitCreate | None = Field(
        None,
        description="Go on from a version: its network, columns and scaling are the start; seed, test_fraction and "
        "split_column are its own where they are left out, the recipe is fit and refit. No network, no preset.",
    )
    seed: int = Field(0, ge=0, le=LAST_SEED, description="Of the split and of every random choice.")
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda:(0|[1-9]\d{0,2}))$",
        description="Where it is trained: auto takes a free GPU for a large job, else the CPU; cpu or cuda:0 waits for "
        "a worker that has it.",
    )

    def spec(self) -> dict[str, Any]:
        """Gives the spec as it was sent, with its kind."""
        return {"kind": self.kind, **super().spec()}


class CompareJobCreate(TableJobCreate):
    """On what a KAN, its formula, MLPs and a linear model are compared: the same splits and seeds for all."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [COMPARE_EXAMPLE]})

    kind: Literal["compare"]
    baselines: list[Literal["mlp_parameters", "mlp_time", "linear"]] | None = Field(
        None, max_length=20, description="Beside the KAN and its formula; absent: all."
    )
    seeds: list[Annotated[int, Field(ge=0, le=LAST_SEED)]] | None = Field(
        None, max_length=1_000, description="One split and one start of every side each, 20 at most; absent: 0, 1, 2."
    )


def _kind_of(body: object) -> str:
    kind = body.get("kind") if isinstance(body, dict) else getattr(body, "kind", None)
    # A train job need not say its kind; of an unknown kind its complaint names the field.
    return TAG + ("compare" if kind == "compare" else "train")


JobCreate = Annotated[
    Annotated[TrainJobCreate, Tag(f"{TAG}train")] | Annotated[CompareJobCreate, Tag(f"{TAG}compare")],
    Discriminator(_kind_of),
]


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
        description="Of a train job: model, version, version_id, metrics; of a compare job: sides, choice, advice."
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


class JobPage(BaseModel):
    """Jobs, newest first."""

    data: list[JobRead]
    next_cursor: str | None


class DryRun(BaseModel):
    """What a job would do; nothing was stored."""

    kind: str
    model: str | None = Field(description="None of a job that publishes no version.")
    resolved: dict[str, Any]
    parameters: int | None
    warnings: list[Any]


class EventRead(BaseModel):
    """One entry of a job's log."""

    seq: int
    at: datetime
    type: str = Field(description="status, stage, metric, checkpoint, warning, log or end.")
    data: dict[str, Any]


class EventPage(BaseModel):
    """Events, oldest first; `next_cursor` is null when there are no more as yet."""

    data: list[EventRead]
    next_cursor: str | None


class WorkerRead(BaseModel):
    """A worker that was seen lately."""

    id: str
    host: str
    pid: int
    device: str
    started_at: datetime
    seen_at: datetime
    job_id: str | None


class WorkerList(BaseModel):
    """The workers that are alive, oldest first."""

    data: list[WorkerRead]


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
    )


def event_read(row: EventRow) -> EventRead:
    """Gives an event as it is shown."""
    return EventRead(seq=row.seq, at=row.at, type=row.type, data=row.data)


def dry_run_read(draft: JobDraft) -> DryRun:
    """Gives a job that was not stored as it is shown."""
    resolved = draft.resolved
    return DryRun(
        kind=draft.kind,
        model=draft.model_name,
        resolved=resolved,
        parameters=resolved.get("parameters"),
        warnings=list(resolved.get("warnings", ())),
    )
