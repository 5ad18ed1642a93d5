"""An edit that is followed by a fit: a job of its own, on the rows that the version learnt from, each in its part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kan.config_constraints import named_constraints
from kan.constraints import kept_constraints, with_constraints
from kan.errors import InvalidConfig
from kan.state import NetworkState
from service.domain.editing.edits import applied
from service.domain.errors import Fault, InvalidEdit, InvalidSpec, TrainingDataGone
from service.domain.idempotency import Answer, RequestKey, first_answer
from service.domain.jobs import JobView, submit_draft
from service.domain.leasing.starts import start_of
from service.domain.limits import Limits
from service.domain.reading.functions import written_out
from service.domain.residuals import KNOWN_ROWS, knows_test_rows
from service.domain.specs.held_out import find_held_out
from service.domain.specs.job_specs import JobDraft
from service.domain.specs.train import resolve_train_spec
from service.store.datasets import find_dataset
from service.store.tables import VersionRow


@dataclass(frozen=True)
class FittedEdit:
    """What is asked for.

    Attributes:
        operations: done first, one after the other.
        fit: the stage that follows; "fit" where it names none.
        publish: make the child a published version, not a draft.
    """

    operations: Sequence[Any]
    fit: Mapping[str, Any]
    publish: bool = False


def asked_edit(session: Session, operations: Any, fit: Mapping[str, Any], *, publish: bool) -> FittedEdit:
    """Gives what is asked for, with expressions in place of the names of users' functions."""
    (stage,) = written_out(session, [fit])
    return FittedEdit(written_out(session, operations), stage, publish)


def resolve_fitted_edit(
    session: Session, version: VersionRow, state: NetworkState, asked: FittedEdit, limits: Limits
) -> JobDraft:
    """Gives the job of an edit with a fit; stores nothing.

    Args:
        session: to read with.
        version: which is edited.
        state: its network.
        asked: operations and stage.
        limits: for the network afterwards and its training.

    Raises:
        InvalidEdit: an operation or a stage that does not fit; the faults point at it.
        TrainingDataGone: the data set was deleted, or the version has learnt from none.
    """
    dataset = find_dataset(session, version.dataset_id) if version.dataset_id else None
    if dataset is None or version.split_sha256 is None:
        raise TrainingDataGone
    after = applied(state, asked.operations, limits.max_parameters)
    stage = _stage(asked, after)
    try:
        start = start_of(session, version, after)
        targets = [item.name for item in start.encoding.outputs]
        spec = {"targets": targets, "task": start.encoding.task, "recipe": [stage]}
        held_out = find_held_out(session, spec, dataset, start)
        resolved = resolve_train_spec(spec, dataset.columns, dataset.rows, limits, start, held_out=held_out)
    except InvalidSpec as error:
        raise _as_edit(error) from None
    _check_constraints(after, resolved["recipe"][0])
    edit = {"operations": list(asked.operations), "fit": resolved["recipe"][0], "publish": asked.publish}
    init = {**resolved["init"], "split_sha256": version.split_sha256}
    if knows_test_rows(version.training):
        resolved = {**resolved, KNOWN_ROWS: True}
    sent = {"operations": list(asked.operations), "fit": dict(asked.fit), "publish": asked.publish}
    return JobDraft(
        kind="edit",
        spec={"kind": "edit", "model": version.model_name, "version": version.version, **sent},
        resolved={**resolved, "init": init, "edit": edit},
        dataset_id=dataset.id,
        model_name=version.model_name,
        max_runtime_s=limits.default_runtime_seconds,
        priority=0,
        labels={},
    )


def _stage(asked: FittedEdit, after: NetworkState) -> dict[str, Any]:
    """Gives the stage; it shows the shapes that edges keep, unless it names constraints itself."""
    stage = {"stage": "fit", **asked.fit}
    if stage["stage"] in ("fit", "refit") and stage.get("constraints") is None and (kept := kept_constraints(after)):
        return {**stage, "constraints": [asdict(constraint) for constraint in kept]}
    return stage


def _check_constraints(state: NetworkState, stage: Mapping[str, Any]) -> None:
    """Refuses constraints of edges that are no splines of numbers, before a job is made of them."""
    try:
        with_constraints(state, named_constraints(stage.get("constraints")) or ())
    except InvalidConfig as error:
        pointer = f"/fit/{error.field}"
        raise InvalidEdit(f"{pointer}: {error.message}", [Fault(pointer, "invalid_value", error.message)]) from error


def submit_fitted_edit(
    session: Session,
    make: Callable[[], JobDraft],
    limits: Limits,
    *,
    max_attempts: int,
    answer_of: Callable[[JobView], Answer],
    request: RequestKey | None = None,
) -> Answer:
    """Stores the job of an edit and its idempotency key in one transaction, and commits.

    Args:
        session: to write with.
        make: `resolve_fitted_edit` with another session; it may take a while, so no lock is held meanwhile.
        limits: of the queue.
        max_attempts: of the job.
        answer_of: gives what is answered.
        request: replays the first answer.

    Raises:
        InvalidEdit, TrainingDataGone, TooManyJobs, IdempotencyKeyReused, IdempotencyKeyInFlight: nothing is stored.
    """
    replay = first_answer(session, request)
    session.rollback()
    if replay is not None:
        return replay
    draft = make()
    try:
        return submit_draft(
            session,
            lambda: draft,
            max_queue=limits.max_queue,
            max_attempts=max_attempts,
            answer_of=answer_of,
            request=request,
        )
    except IntegrityError:
        # The data set was deleted between the look at it and the insert that refers to it.
        session.rollback()
        raise TrainingDataGone from None


def _as_edit(error: InvalidSpec) -> InvalidEdit:
    """Points into the edit: the stage is its `fit`, all else comes of the operations."""
    faults = [
        Fault("/fit" + fault.pointer.removeprefix("/recipe/0"), fault.code, fault.message)
        if fault.pointer.startswith("/recipe/0")
        else Fault("/operations", fault.code, fault.message)
        for fault in error.faults
    ]
    return InvalidEdit(f"{faults[0].pointer}: {faults[0].message}", faults)
