"""Who takes which job when, on both databases."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.domain.leasing import claims
from tests.service.domain.leasing.test_leases import claim, queue_job


def test_claim_takes_priority_then_age_and_each_job_once(session: Session) -> None:
    old, young, urgent = queue_job(session), queue_job(session), queue_job(session, priority=5)
    assert [claim(session).job_id for _ in range(3)] == [urgent, old, young]
    assert claims.claim_next_job(session, "wk_a", 30.0) is None
