"""All rows in one picture: data sets, jobs with events and checkpoints, models with versions, bytes, workers, keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_IS_STATUS = text("type = 'status'")

JsonObject = dict[str, Any]
JsonList = list[Any]


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time on every database; SQLite keeps it as text that sorts like time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Gives the value to store; a naive time is an error, since nobody knows what it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("expected an aware time")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Gives the stored time back, aware, UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Row(DeclarativeBase):
    """The parent of all rows."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        int: BigInteger(),
        datetime: UtcTime(),
        # A missing object is SQL NULL, so that `IS NULL` finds it; JSON null never stands there.
        JsonObject: JSON(none_as_null=True),
        JsonList: JSON(none_as_null=True),
    }


class AliasStepRow(Row):
    """What an alias of a model names from a moment on; the last step counts, one without a version is a deletion."""

    __tablename__ = "alias_steps"
    model_name: Mapped[str] = mapped_column(ForeignKey("models.name"), primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int | None]
    at: Mapped[datetime]


class BlobRow(Row):
    """Bytes known by their SHA-256; their content is in `blob_chunks`."""

    __tablename__ = "blobs"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    bytes: Mapped[int]
    created_at: Mapped[datetime]


class BlobChunkRow(Row):
    """One mebibyte, or the rest, of a blob."""

    __tablename__ = "blob_chunks"
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class DatasetRow(Row):
    """A table as it was uploaded; never changes."""

    __tablename__ = "datasets"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    rows: Mapped[int]
    bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(index=True)
    blob_sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    columns: Mapped[JsonList]
    units: Mapped[JsonObject]
    created_at: Mapped[datetime]


class JobRow(Row):
    """A piece of work, who holds it until when, and how far it came.

    `token` grows at every claim and guards every write of the worker that holds the job; `event_seq` is the number of
    the job's last event.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(
            "status IN ('queued','running','pausing','paused','cancelling','cancelled','succeeded','failed')",
            name="status",
        ),
        Index("ix_jobs_claim", "status", "priority", "created_at", "id"),
        Index("ix_jobs_lease", "status", "lease_until"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    status: Mapped[str]
    phase: Mapped[str | None]
    reason: Mapped[str | None]
    attempt: Mapped[int]
    max_attempts: Mapped[int]
    retry_of: Mapped[str | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    spec: Mapped[JsonObject]
    resolved: Mapped[JsonObject | None]
    progress: Mapped[JsonObject | None]
    result: Mapped[JsonObject | None]
    error: Mapped[JsonObject | None]
    labels: Mapped[JsonObject]
    priority: Mapped[int]
    dataset_id: Mapped[str | None] = mapped_column(ForeignKey("datasets.id", ondelete="SET NULL"), index=True)
    model_name: Mapped[str | None] = mapped_column(index=True)
    device: Mapped[str | None]
    max_runtime_s: Mapped[int]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None] = mapped_column(index=True)
    not_before: Mapped[datetime]
    token: Mapped[int]
    worker_id: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    checkpoint_sha256: Mapped[str | None] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    checkpoint_info: Mapped[JsonObject | None]
    event_seq: Mapped[int]
    traceparent: Mapped[str | None]


class EventRow(Row):
    """One entry of a job's log: status, stage, metric, checkpoint, warning, log or end."""

    __tablename__ = "events"
    # A list of jobs shows the states that each went through: some rows of the thousands that its log may have.
    __table_args__ = (Index("ix_events_status", "job_id", "seq", sqlite_where=_IS_STATUS, postgresql_where=_IS_STATUS),)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    type: Mapped[str]
    data: Mapped[JsonObject]


class CheckpointRow(Row):
    """A network from the middle of a job's training; without `blob_sha256` once its bytes are not kept any more."""

    __tablename__ = "checkpoints"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    stage: Mapped[int]
    stage_name: Mapped[str]
    stage_ended: Mapped[bool]
    step: Mapped[int]
    train_loss: Mapped[float | None]
    validation_loss: Mapped[float | None]
    blob_sha256: Mapped[str | None] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    bytes: Mapped[int]
    created_at: Mapped[datetime]


class JobPartRow(Row):
    """Some of the rows that a job answered for, one behind the other."""

    __tablename__ = "job_parts"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_row: Mapped[int]
    rows: Mapped[int]
    bad_rows: Mapped[int]
    blob_sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)


class ModelRow(Row):
    """A name with a lineage of versions; `next_version` only grows, so that a number is never reused."""

    __tablename__ = "models"
    name: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    next_version: Mapped[int]


class VersionRow(Row):
    """One network under a model's name; never changes, but that a draft is published once.

    A job has at most one (`job_id` is unique).
    """

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("model_name", "version"), UniqueConstraint("job_id"))
    id: Mapped[str] = mapped_column(primary_key=True)
    model_name: Mapped[str] = mapped_column(ForeignKey("models.name"))
    version: Mapped[int]
    status: Mapped[str]
    blob_sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    split_sha256: Mapped[str | None] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    signature: Mapped[JsonObject]
    metrics: Mapped[JsonObject]
    training: Mapped[JsonObject]
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    dataset_id: Mapped[str | None] = mapped_column(ForeignKey("datasets.id", ondelete="SET NULL"), index=True)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("versions.id", ondelete="SET NULL"), index=True)
    edit: Mapped[JsonObject | None]
    seed: Mapped[int | None]
    code_version: Mapped[str]
    created_at: Mapped[datetime]


class FunctionRow(Row):
    """A function that a user added; networks hold its expression, never its name."""

    __tablename__ = "functions"
    name: Mapped[str] = mapped_column(primary_key=True)
    expression: Mapped[str]
    description: Mapped[str | None]
    created_at: Mapped[datetime]


class WorkerRow(Row):
    """A worker process that was seen lately, since when it can train (None: not yet), and the job it holds."""

    __tablename__ = "workers"
    id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    device: Mapped[str]
    started_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    seen_at: Mapped[datetime]
    job_id: Mapped[str | None]


class IdempotencyRow(Row):
    """The first answer to an Idempotency-Key, stored in the same transaction as what it made."""

    __tablename__ = "idempotency"
    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_sha256: Mapped[str]
    status: Mapped[int | None]
    location: Mapped[str | None]
    body: Mapped[JsonObject | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


class KeyRow(Row):
    """An API key with what it may do; only the hash of its secret is kept."""

    __tablename__ = "keys"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    secret_sha256: Mapped[str]
    scopes: Mapped[JsonList]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class CounterRow(Row):
    """A number that only grows, of what no row keeps."""

    __tablename__ = "counters"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]
