"""Patches on both databases: only by who has seen the job as it is, and the queue follows the new priority."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from service.domain import job_verbs, jobs
from service.domain.errors import IfMatchFailed, IfMatchMissing, InvalidSpec, JobNotFound
from service.domain.ids import new_id
from service.domain.job_patches import ANY, JobPatch, patch_job, revision_of
from service.domain.leasing import claims, leases
from service.domain.leasing.leases import Batch
from service.domain.specs.job_specs import JobDraft
from service.store.jobs import list_events
from service.store.tables import JobRow


def queue_job(session: Session) -> JobRow:
    draft = JobDraft("train", {}, {}, None, "toy", 60, 0, {"team": "red"})
    row = jobs.create_job(session, draft, max_queue=1000, max_attempts=3)
    session.commit()
    return row


def patch(session: Session, job_id: str, patch: JobPatch, seen: str = ANY, max_labels: int = 32) -> JobRow:
    return patch_job(session, job_id, patch, seen=[seen], max_labels=max_labels).row


def test_priority_changes_the_order_of_claims(session: Session) -> None:
    old, young = queue_job(session), queue_job(session)
    patch(session, young.id, JobPatch(priority=5))
    found = [claims.claim_next_job(session, "wk_a", 30.0) for _ in range(2)]
    assert [claimed[0].job_id for claimed in found if claimed] == [young.id, old.id]


def test_labels_are_merged_and_null_takes_one_away(session: Session) -> None:
    row = queue_job(session)
    assert patch(session, row.id, JobPatch(labels={"stage": "final"})).labels == {"team": "red", "stage": "final"}
    assert patch(session, row.id, JobPatch(labels={"team": None, "none": None})).labels == {"stage": "final"}


def test_change_is_told_in_the_log_and_no_change_is_not(session: Session) -> None:
    row = queue_job(session)
    for _ in range(2):
        patch(session, row.id, JobPatch(priority=5, labels={"team": "red"}))
    told = [(event.type, event.data) for event in list_events(session, row.id, 0, 10)]
    assert told == [("status", {"status": "queued"}), ("log", {"priority": 5})]


def test_ended_job_takes_labels_without_an_event_after_its_end(session: Session) -> None:
    row = queue_job(session)
    job_verbs.cancel_job(session, row.id)
    assert patch(session, row.id, JobPatch(labels={"kept": "yes"})).labels["kept"] == "yes"
    assert list_events(session, row.id, 0, 10)[-1].type == "end"


def test_patch_of_what_changed_meanwhile_is_refused(session: Session) -> None:
    row = queue_job(session)
    seen = revision_of(row.status, row.priority, row.labels)
    patch(session, row.id, JobPatch(priority=5), seen)
    with pytest.raises(IfMatchFailed):
        patch(session, row.id, JobPatch(priority=7), seen)
    session.rollback()
    assert jobs.get_job(session, row.id).row.priority == 5


def test_progress_does_not_stand_in_the_way_of_a_patch(session: Session) -> None:
    row = queue_job(session)
    claimed = claims.claim_next_job(session, "wk_a", 30.0)
    assert claimed is not None
    now = jobs.get_job(session, row.id).row
    seen = revision_of(now.status, now.priority, now.labels)
    leases.record_progress(session, claimed[0], Batch([("metric", {"step": 1})], {"step": 1}), 100)
    assert patch(session, row.id, JobPatch(priority=5), seen).priority == 5


def test_patch_without_having_seen_the_job_is_refused(session: Session) -> None:
    with pytest.raises(IfMatchMissing):
        patch_job(session, queue_job(session).id, JobPatch(priority=5), seen=None, max_labels=32)


def test_too_many_labels_are_refused(session: Session) -> None:
    row = queue_job(session)
    with pytest.raises(InvalidSpec):
        patch(session, row.id, JobPatch(labels={"one": "more"}), max_labels=1)
    session.rollback()
    assert jobs.get_job(session, row.id).row.labels == {"team": "red"}


def test_unknown_job_is_not_found(session: Session) -> None:
    with pytest.raises(JobNotFound):
        patch(session, new_id("job"), JobPatch())
