"""What may be changed of a job that exists: its labels and its priority, by whoever has seen it as it is now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from service.domain.errors import Fault, IfMatchFailed, IfMatchMissing, InvalidSpec
from service.domain.job_verbs import locked_job
from service.domain.jobs import JobView, get_job
from service.domain.states import TERMINAL
from service.store import jobs as statements
from service.store.tables import JobRow

ANY = "*"


@dataclass(frozen=True)
class JobPatch:
    """What is to change.

    Attributes:
        priority: None leaves it.
        labels: each one is set, or taken away by None; others stay.
    """

    priority: int | None = None
    labels: Mapping[str, str | None] = field(default_factory=dict)


def revision_of(status: str, priority: int, labels: Mapping[str, str]) -> str:
    """Gives a word for a job's state, priority and labels: for what a patch could overwrite unseen.

    Progress is no part of it, or nobody could patch a running job.
    """
    seen = json.dumps([status, priority, labels], sort_keys=True)
    return hashlib.sha256(seen.encode()).hexdigest()[:16]


def patch_job(
    session: Session, job_id: str, patch: JobPatch, *, seen: Collection[str] | None, max_labels: int
) -> JobView:
    """Changes a job, and says so in its log unless that has ended. Commits.

    Args:
        session: whose transaction all of it belongs to.
        job_id: the job.
        patch: what is to change.
        seen: revisions of which the job must have one, ANY = whichever; None where the caller did not say.
        max_labels: that it may have afterwards.

    Raises:
        JobNotFound: no such job.
        IfMatchMissing, IfMatchFailed: the caller has not seen the job as it is now.
        InvalidSpec: too many labels.
    """
    row = locked_job(session, job_id)
    if seen is None:
        raise IfMatchMissing
    if ANY not in seen and revision_of(row.status, row.priority, row.labels) not in seen:
        raise IfMatchFailed
    values = _changes(row, patch)
    if len(values.get("labels", ())) > max_labels:
        fault = Fault("/labels", "too_many_labels", f"expected at most {max_labels} labels")
        raise InvalidSpec(fault.message, [fault])
    if values:
        events = [] if row.status in TERMINAL else [("log", values)]
        statements.change_job(session, row.id, sources=[row.status], values=values, events=events)
    session.commit()
    return get_job(session, job_id)


def _changes(row: JobRow, patch: JobPatch) -> dict[str, Any]:
    labels = {name: value for name, value in {**row.labels, **patch.labels}.items() if value is not None}
    wanted = {"priority": row.priority if patch.priority is None else patch.priority, "labels": labels}
    return {name: value for name, value in wanted.items() if value != getattr(row, name)}
