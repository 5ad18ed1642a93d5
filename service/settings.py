"""Every setting with its unit, default and one sentence, read once from `KAN_*` environment variables."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_MEBIBYTE = 1024 * 1024
_FOLDER = re.compile(r"file:///[^?#]+")
_DEVICE = re.compile(r"cpu|cuda:(0|[1-9]\d{0,2})")


class Settings(BaseSettings):
    """What an operator may change; each field is the environment variable `KAN_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="KAN_", extra="ignore", frozen=True)

    database_url: str = Field(
        "sqlite:///var/kan.sqlite3",
        description="Where everything is kept (URL): sqlite:///path or postgresql+psycopg://user:password@host/name.",
    )
    host: str = Field("127.0.0.1", description="Address the API listens on; anything but loopback needs a key.")
    port: int = Field(8000, ge=0, le=65535, description="Port the API listens on; 0 takes a free one.")
    share_port: bool = Field(
        False, description="May several API processes listen on the port? The system spreads connections over them."
    )
    auth: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Who may call: auto asks for a key unless bound to loopback, on always, off never.",
    )
    key_away_seconds: float = Field(
        300.0,
        ge=0,
        le=86_400,
        description="How long a key that was good is let in while the database is away (seconds).",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Host names answered to beside loopback and KAN_HOST (comma-separated); others get 421.",
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins of other web pages that may call the API (comma-separated); others get 403.",
    )
    key_requests_per_minute: int = Field(
        60_000,
        ge=0,
        le=1_000_000_000,
        description="Requests of one key in a minute, in each API process; 0 = any number (requests).",
    )
    key_requests_at_once: int = Field(
        100, ge=0, description="Open requests of one key, in each API process; 0 = any number (requests)."
    )
    keyless_quota: bool = Field(
        False, description="Do both limits of a key hold for those who call without one too, all together?"
    )
    max_requests_at_once: int = Field(
        1_000, ge=1, description="Open requests that one API process serves before it answers 503 (requests)."
    )
    workers: int = Field(
        1, ge=0, le=64, description="Worker processes that `kan serve` starts for each device (processes)."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least serious event that is logged."
    )
    drain_seconds: float = Field(
        1.0,
        ge=0,
        le=600,
        description="How long /readyz says 503 after SIGTERM before the API takes no more requests (seconds).",
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Port on loopback where this API process alone tells its metrics; 0 = none."
    )
    otlp_endpoint: str = Field(
        "", description="Where spans of requests and jobs go (URL of an OTLP collector over HTTP); empty = nowhere."
    )

    lease_seconds: float = Field(
        30.0, gt=0, le=3600, description="How long a worker holds a job without renewing its lease (seconds)."
    )
    heartbeat_seconds: float = Field(
        5.0,
        gt=0,
        le=600,
        description="How often a worker renews the lease of its job, at most half of KAN_LEASE_SECONDS (seconds).",
    )
    verb_seconds: float = Field(
        0.5, gt=0, le=60, description="How often a running job looks whether it is to be cancelled or paused (seconds)."
    )
    poll_seconds: float = Field(
        0.5, gt=0, le=60, description="How often an idle worker looks for a job that nothing told it of (seconds)."
    )
    rescue_seconds: float = Field(
        2.0, gt=0, le=600, description="How often each worker looks for jobs whose lease has ended (seconds)."
    )
    checkpoint_seconds: float = Field(
        10.0, ge=0, le=3600, description="Longest work lost with a worker: time between checkpoints (seconds)."
    )
    max_attempts: int = Field(
        3, ge=1, le=100, description="Claims without a new checkpoint after which a job fails (claims)."
    )
    backoff_seconds: float = Field(
        1.0, ge=0, le=600, description="Wait before the second attempt, doubled for each one after it (seconds)."
    )
    backoff_max_seconds: float = Field(60.0, ge=0, le=3600, description="Longest wait between attempts (seconds).")
    stall_seconds: float = Field(
        600.0, gt=0, le=86400, description="Silence of a training process after which its attempt ends (seconds)."
    )
    shutdown_seconds: float = Field(
        10.0, gt=0, le=600, description="How long a stop or a pause waits for the step and its checkpoint (seconds)."
    )
    database_retry_seconds: float = Field(
        30.0, ge=0, le=3600, description="How long a worker goes on trying when the database is away (seconds)."
    )
    job_memory_bytes: int = Field(
        0,
        ge=0,
        description="Memory of a training process beyond which its job fails; 0 = three quarters of the machine's or "
        "container's (bytes).",
    )
    threads: int = Field(1, ge=1, le=256, description="CPU threads of one training process (threads).")
    devices: Annotated[tuple[str, ...], NoDecode] = Field(
        ("cpu",),
        description="Devices to train on, one worker for each (comma-separated): cpu, cuda:0 ...; auto takes all there "
        "are.",
    )
    blobs: str = Field(
        "database",
        description="Where data sets, models and checkpoints are kept (URL): database, or file:///folder, the same one "
        "for every process.",
    )
    orphan_seconds: float = Field(
        3600.0, ge=0, le=604800, description="Age at which bytes that nothing refers to are swept (seconds)."
    )
    keep_checkpoints_days: float = Field(
        30.0, ge=0, le=36_500, description="How long the checkpoints of a job stay after its end; 0 = for ever (days)."
    )
    keep_events_days: float = Field(
        90.0,
        ge=0,
        le=36_500,
        description="How long the log of a job stays after its end, but for its states; 0 = for ever (days).",
    )
    keep_jobs_days: float = Field(
        0.0, ge=0, le=36_500, description="How long a job stays after its end; what it made stays; 0 = for ever (days)."
    )

    max_body_bytes: int = Field(
        256 * _MEBIBYTE, ge=1024, description="Largest table or network that is sent, after decompression (bytes)."
    )
    max_request_bytes: int = Field(
        4 * _MEBIBYTE, ge=1024, description="Largest body of any other request, after decompression (bytes)."
    )
    max_bodies_bytes: int = Field(
        1024 * _MEBIBYTE,
        ge=1024,
        description="Bodies that one API process holds at once before it answers 503 (bytes).",
    )
    max_json_depth: int = Field(
        32, ge=4, le=200, description="Deepest nesting of a JSON body other than tables and rows (levels)."
    )
    max_dataset_rows: int = Field(5_000_000, ge=1, description="Most rows of a data set (rows).")
    max_dataset_columns: int = Field(1_000, ge=1, description="Most columns of a data set (columns).")
    max_dataset_cells: int = Field(5_000_000, ge=1, description="Most cells of a data set (cells).")
    max_category_levels: int = Field(256, ge=2, le=65536, description="Most levels of a category column (levels).")
    max_parameters: int = Field(20_000_000, ge=1, description="Most trainable numbers of a network (numbers).")
    max_training_bytes: int = Field(
        8 * 1024 * _MEBIBYTE, ge=_MEBIBYTE, description="Most memory that a training may need, estimated (bytes)."
    )
    max_hidden_layers: int = Field(63, ge=0, le=1000, description="Most hidden layers of a network (layers).")
    max_width: int = Field(4_096, ge=1, description="Most nodes of a hidden layer (nodes).")
    max_recipe_stages: int = Field(50, ge=1, le=1000, description="Most stages of a recipe (stages).")
    max_recipe_steps: int = Field(1_000_000, ge=1, description="Most steps of a whole recipe (steps).")
    max_runtime_seconds: int = Field(
        86_400, ge=1, description="Longest run that a job may ask for with max_runtime_s (seconds)."
    )
    default_runtime_seconds: int = Field(3_600, ge=1, description="Run time of a job that asks for none (seconds).")
    max_queue: int = Field(1_000, ge=0, description="Jobs that may wait before a new one is refused with 429 (jobs).")
    max_labels: int = Field(32, ge=0, le=1000, description="Most labels of a job (labels).")
    max_metric_points: int = Field(
        2_000, ge=10, le=100_000, description="Points kept of each metric of a job; more are thinned out (points)."
    )
    max_prediction_rows: int = Field(100_000, ge=1, description="Most rows of one prediction (rows).")
    max_prediction_bytes: int = Field(32 * _MEBIBYTE, ge=1024, description="Largest body of one prediction (bytes).")
    max_curve_points: int = Field(2_000, ge=2, le=100_000, description="Most points of a sampled curve (points).")
    max_streams: int = Field(200, ge=1, description="Event streams that one API process serves at once (streams).")
    stream_heartbeat_seconds: float = Field(
        15.0, gt=0, le=600, description="Time between the comments that keep an event stream open (seconds)."
    )
    idempotency_hours: float = Field(24.0, gt=0, description="How long an Idempotency-Key is remembered (hours).")
    model_cache_bytes: int = Field(
        256 * _MEBIBYTE, ge=0, description="Memory for models that are ready to predict, per API process (bytes)."
    )

    @field_validator("allowed_hosts", "allowed_origins", "devices", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("blobs")
    @classmethod
    def _is_place(cls, value: str) -> str:
        if value == "database" or _FOLDER.fullmatch(value):
            return value
        raise ValueError(f"KAN_BLOBS: expected database or file:///absolute/path, got {value!r}")

    @field_validator("devices")
    @classmethod
    def _are_devices(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value == ("auto",) or (value and len(set(value)) == len(value) and all(map(_DEVICE.fullmatch, value))):
            return value
        raise ValueError(f"KAN_DEVICES: expected auto, or devices such as cpu,cuda:0, got {','.join(value)!r}")

    @model_validator(mode="after")
    def _renew_before_the_lease_ends(self) -> Self:
        # Half, so that one renewal may be late or fail and the job is still held.
        if self.heartbeat_seconds > self.lease_seconds / 2:
            raise ValueError(
                f"KAN_HEARTBEAT_SECONDS: expected at most half of KAN_LEASE_SECONDS ({self.lease_seconds:g}), "
                f"got {self.heartbeat_seconds:g}; a worker would lose its job between two renewals"
            )
        return self

    @property
    def is_loopback(self) -> bool:
        """Is the API reachable from this machine only?"""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def needs_key(self) -> bool:
        """Must a caller show a key?"""
        return self.auth == "on" or (self.auth == "auto" and not self.is_loopback)


@lru_cache
def settings_from_environment() -> Settings:
    """Gives the settings of this process, read once from the environment."""
    return Settings()
