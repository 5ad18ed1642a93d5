"""Jobs as people see them: submit, read, cancel, delete, and the log of what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.domain.compare_specs import resolve_compare_spec
from service.domain.datasets import get_dataset
from service.domain.errors import DatasetNotFound, Fault, IllegalJobStep, InvalidSpec, JobNotFound, TooManyJobs
from service.domain.idempotency import Answer, RequestKey, first_answer, keep_answer
from service.domain.ids import is_id, new_id
from service.domain.limits import Limits
from service.domain.models import is_model_name, model_name_from
from service.domain.placement import check_device
from service.domain.starts import find_start, split_warnings
from service.domain.states import TERMINAL, next_status
from service.domain.train_specs import resolve_train_spec
from service.store import jobs as statements
from service.store.engine import database_now
from service.store.tables import DatasetRow, EventRow, JobRow

PREFIX = "job"


@dataclass(frozen=True)
class JobDraft:
    """A job spec that was checked and resolved; nothing is stored yet.

    Attributes:
        spec: as sent.
        resolved: what will run: network, recipe, inputs, targets, warnings.
        model_name: None of a job that publishes no version.
    """

    kind: str
    spec: dict[str, Any]
    resolved: dict[str, Any]
    dataset_id: str | None
    model_name: str | None
    max_runtime_s: int
    priority: int
    labels: dict[str, str]


@dataclass(frozen=True, eq=False)
class JobView:
    """A job with the states that it went through."""

    row: JobRow
    transitions: list[dict[str, Any]]

    @property
    def is_terminal(self) -> bool:
        """Has it ended for good?"""
        return self.row.status in TERMINAL


@dataclass(frozen=True)
class JobFilter:
    """Which jobs a list shows; an empty field lets all pass."""

    statuses: tuple[str, ...] = ()
    model_name: str | None = None
    dataset_id: str | None = None
    labels: Mapping[str, str] | None = None


def resolve_job(session: Session, spec: Mapping[str, Any], limits: Limits, lease_seconds: float = 30.0) -> JobDraft:
    """Checks a spec against its data set and says what would run; stores nothing.

    Raises:
        InvalidSpec: unknown names, or values outside their range; the faults point into the spec.
    """
    waits = check_device(session, spec, lease_seconds)
    dataset = _dataset_of(session, spec)
    asked = spec.get("max_runtime_s")
    runtime = limits.default_runtime_seconds if asked is None else int(asked)
    faults = list(_job_faults(spec, runtime, limits))
    if faults:
        raise InvalidSpec(faults[0].message, faults)
    kind = str(spec.get("kind") or "train")
    start = None if spec.get("init") is None else find_start(session, spec["init"])
    if kind == "compare":
        resolved = resolve_compare_spec(spec, dataset.columns, dataset.rows, limits)
    else:
        resolved = resolve_train_spec(spec, dataset.columns, dataset.rows, limits, start)
    if start is not None:
        waits = [*waits, *split_warnings(start, dataset.id, resolved)]
    named = str(spec.get("model") or (start.version.model_name if start else model_name_from(dataset.name)))
    return JobDraft(
        kind=kind,
        spec=dict(spec),
        resolved={**resolved, "warnings": [*resolved["warnings"], *waits]},
        dataset_id=dataset.id,
        model_name=named if kind == "train" else None,
        max_runtime_s=runtime,
        priority=int(spec.get("priority") or 0),
        labels=dict(spec.get("labels") or {}),
    )


def submit_job(
    session: Session,
    spec: Mapping[str, Any],
    limits: Limits,
    *,
    max_attempts: int,
    answer_of: Callable[[JobView], Answer],
    request: RequestKey | None = None,
    lease_seconds: float = 30.0,
) -> Answer:
    """Checks and stores a job, its first event and its idempotency key in one transaction, and commits.

    Raises:
        InvalidSpec, TooManyJobs, IdempotencyKeyReused, IdempotencyKeyInFlight: nothing is stored.
    """
    try:
        return submit_draft(
            session,
            lambda: resolve_job(session, spec, limits, lease_seconds),
            max_queue=limits.max_queue,
            max_attempts=max_attempts,
            answer_of=answer_of,
            request=request,
        )
    except IntegrityError:
        # The data set was deleted between the look at it and the insert that refers to it.
        session.rollback()
        _dataset_of(session, spec)
        raise


def submit_draft(
    session: Session,
    make: Callable[[], JobDraft],
    *,
    max_queue: int,
    max_attempts: int,
    answer_of: Callable[[JobView], Answer],
    request: RequestKey | None = None,
) -> Answer:
    """Stores the job that `make` gives, its first event and its idempotency key in one transaction, and commits.

    Raises:
        TooManyJobs, IdempotencyKeyReused, IdempotencyKeyInFlight: nothing is stored.
    """
    replay = first_answer(session, request)
    if replay is not None:
        return replay
    row = create_job(session, make(), max_queue=max_queue, max_attempts=max_attempts)
    answer = keep_answer(session, request, answer_of(get_job(session, row.id)))
    session.commit()
    return answer


def create_job(session: Session, draft: JobDraft, *, max_queue: int, max_attempts: int) -> JobRow:
    """Adds a queued job and the first events of its log; the caller commits.

    Raises:
        TooManyJobs: the queue is full.
    """
    if statements.count_jobs(session, ["queued"]) >= max_queue:
        raise TooManyJobs(max_queue)
    now = database_now(session)
    row = JobRow(
        id=new_id(PREFIX),
        kind=draft.kind,
        status="queued",
        attempt=0,
        max_attempts=max_attempts,
        spec=draft.spec,
        resolved=draft.resolved,
        labels=draft.labels,
        priority=draft.priority,
        dataset_id=draft.dataset_id,
        model_name=draft.model_name,
        max_runtime_s=draft.max_runtime_s,
        created_at=now,
        not_before=now,
        token=0,
    )
    warnings = [("warning", _warning(found)) for found in draft.resolved.get("warnings", ())]
    statements.add_job(session, row, [("status", {"status": "queued"}), *warnings])
    return row


def get_job(session: Session, job_id: str) -> JobView:
    """Gives a job.

    Raises:
        JobNotFound: no such job.
    """
    return _views(session, [_find(session, job_id)])[0]


def list_jobs(session: Session, limit: int, after: str | None = None, only: JobFilter | None = None) -> list[JobView]:
    """Gives jobs, newest first, from below the id `after`."""
    only = only or JobFilter()
    rows = statements.list_jobs(
        session,
        limit,
        after,
        statuses=only.statuses,
        model_name=only.model_name,
        dataset_id=only.dataset_id,
        labels=only.labels,
    )
    return _views(session, rows)


def cancel_job(session: Session, job_id: str) -> JobView:
    """Takes a job from the queue, or asks its worker to stop; a second time changes nothing. Commits.

    Raises:
        JobNotFound: no such job.
        IllegalJobStep: it has ended already, and not by a cancel.
    """
    row = statements.lock_job(session, job_id) if is_id(PREFIX, job_id) else None
    if row is None:
        raise JobNotFound(job_id)
    target = next_status("cancel", row.status)
    if target is None:
        raise IllegalJobStep(job_id, row.status, "be cancelled")
    if target != row.status:
        values: dict[str, Any] = {"status": target, "reason": "user_cancelled"}
        events: list[statements.Event] = [("status", {"status": target, "reason": "user_cancelled"})]
        if target in TERMINAL:
            values["finished_at"] = database_now(session)
            events.append(("end", {"status": target, "reason": "user_cancelled"}))
        statements.change_job(session, job_id, sources=[row.status], values=values, events=events)
    session.commit()
    return get_job(session, job_id)


def delete_job(session: Session, job_id: str) -> None:
    """Deletes a job that has ended, with its log; the model it made stays. Commits.

    Raises:
        JobNotFound: no such job.
        IllegalJobStep: it has not ended.
    """
    row = _find(session, job_id)
    if not statements.delete_job(session, job_id, TERMINAL):
        raise IllegalJobStep(job_id, row.status, "be deleted")
    session.commit()


def list_events(session: Session, job_id: str, after: int, limit: int) -> Sequence[EventRow]:
    """Gives a job's events with numbers above `after`, oldest first.

    Raises:
        JobNotFound: no such job.
    """
    _find(session, job_id)
    return statements.list_events(session, job_id, after, limit)


def _find(session: Session, job_id: str) -> JobRow:
    row = statements.find_job(session, job_id) if is_id(PREFIX, job_id) else None
    if row is None:
        raise JobNotFound(job_id)
    return row


def _views(session: Session, rows: Sequence[JobRow]) -> list[JobView]:
    transitions: dict[str, list[dict[str, Any]]] = {row.id: [] for row in rows}
    for event in statements.list_status_events(session, transitions):
        transitions[event.job_id].append({"status": event.data["status"], "at": event.at})
    return [JobView(row, transitions[row.id]) for row in rows]


def _dataset_of(session: Session, spec: Mapping[str, Any]) -> DatasetRow:
    try:
        return get_dataset(session, str(spec.get("dataset")))
    except DatasetNotFound as error:
        # The job is what was asked for; the data set is a wrong value in it.
        raise InvalidSpec(str(error), [Fault("/dataset", "unknown_dataset", str(error))]) from error


def _job_faults(spec: Mapping[str, Any], runtime: int, limits: Limits) -> list[Fault]:
    faults = []
    model = spec.get("model")
    if model is not None and not is_model_name(str(model)):
        message = "expected a model name of 1 to 63 characters: a-z, 0-9, dot, dash, underscore; not a mark first"
        faults.append(Fault("/model", "invalid_model_name", message))
    if not 1 <= runtime <= limits.max_runtime_seconds:
        message = f"expected 1 to {limits.max_runtime_seconds} seconds"
        faults.append(Fault("/max_runtime_s", "invalid_value", message))
    if len(spec.get("labels") or {}) > limits.max_labels:
        faults.append(Fault("/labels", "too_many_labels", f"expected at most {limits.max_labels} labels"))
    return faults


def _warning(found: object) -> dict[str, Any]:
    return dict(found) if isinstance(found, Mapping) else {"message": str(found)}
