"""Verbs over HTTP: 202 and harmless when sent twice, 409 where the table has no step; retry and patch with headers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy.orm import Session

from service.domain.leasing.claims import claim_next_job
from service.domain.leasing.endings import finish_failed

if TYPE_CHECKING:
    from tests.service.conftest import Api

ROWS = "x1,x2,y\n" + "".join(f"{i / 100},{i % 7},{i / 50 + i % 7}\n" for i in range(200))


@pytest.fixture
def where(api: Api) -> str:
    """The address of a queued job."""
    created = api.post("/v1/datasets?name=toy", content=ROWS, headers={"Content-Type": "text/csv"})
    spec = {"dataset": created.json()["id"], "targets": ["y"], "preset": "quick", "labels": {"team": "red"}}
    return api.post("/v1/jobs", json=spec).headers["Location"]


def patch(api: Api, where: str, body: Any, etag: str | None = "*", **headers: str) -> httpx.Response:
    return api.request("PATCH", where, json=body, headers={**({"If-Match": etag} if etag else {}), **headers})


def fail_job(session: Session) -> None:
    claimed = claim_next_job(session, "wk_a", 30.0)
    assert claimed is not None
    finish_failed(session, claimed[0], "internal", "the test ends it")


def test_pause_and_resume_are_accepted_twice(api: Api, where: str) -> None:
    for verb, status in (("pause", "paused"), ("pause", "paused"), ("resume", "queued"), ("resume", "queued")):
        answer = api.post(f"{where}/{verb}")
        assert (answer.status_code, answer.json()["status"]) == (202, status)
    assert [step["status"] for step in api.get(where).json()["transitions"]] == ["queued", "paused", "queued"]


def test_a_verb_says_where_the_job_is_and_what_a_patch_must_have_seen(api: Api, where: str) -> None:
    for verb in ("pause", "resume", "cancel"):
        answer = api.post(f"{where}/{verb}")
        assert (answer.headers["location"], answer.headers["etag"]) == (where, api.get(where).headers["etag"])
    assert patch(api, where, {"priority": 1}, answer.headers["etag"]).status_code == 200


def test_a_retry_answers_when_the_new_job_has_ended(api: Api, session: Session, where: str) -> None:
    fail_job(session)
    ending = threading.Timer(0.3, fail_job, [session])
    ending.start()
    answer = api.post(f"{where}/retry", headers={"Prefer": "wait=30"})
    ending.join()
    assert (answer.status_code, answer.json()["status"]) == (202, "failed")


def test_running_job_is_asked_to_pause_and_the_pause_is_taken_back(api: Api, session: Session, where: str) -> None:
    assert claim_next_job(session, "wk_a", 30.0) is not None
    assert api.post(f"{where}/pause").json()["status"] == "pausing"
    assert api.post(f"{where}/resume").json()["status"] == "running"
    assert api.post(f"{where}/cancel").json()["status"] == "cancelling"


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
def test_verb_on_failed_job_is_409(api: Api, session: Session, where: str, verb: str) -> None:
    fail_job(session)
    answer = api.post(f"{where}/{verb}")
    assert (answer.status_code, answer.json()["type"]) == (409, "/errors#illegal-job-step")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel", "retry"])
def test_verb_on_unknown_job_is_404(api: Api, verb: str) -> None:
    assert api.post(f"/v1/jobs/job_x/{verb}").status_code == 404


def test_retry_makes_a_new_job_once_per_key(api: Api, session: Session, where: str) -> None:
    fail_job(session)
    first, second = (api.post(f"{where}/retry", headers={"Idempotency-Key": "a"}) for _ in range(2))
    assert (first.status_code, first.json()["status"]) == (202, "queued")
    assert where.endswith(first.json()["retry_of"])
    assert first.headers["Location"] == f"/v1/jobs/{first.json()['id']}" != where
    assert api.get(first.headers["Location"]).json() == first.json()
    assert (second.json(), second.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert "Idempotency-Replayed" not in first.headers


def test_retry_of_a_live_job_is_409(api: Api, where: str) -> None:
    assert api.post(f"{where}/retry").status_code == 409


def test_patch_changes_priority_and_labels_for_who_has_seen_the_job(api: Api, where: str) -> None:
    seen = api.get(where).headers["ETag"]
    answer = patch(api, where, {"priority": 7, "labels": {"stage": "final", "team": None}}, seen)
    assert (answer.status_code, answer.json()["priority"], answer.json()["labels"]) == (200, 7, {"stage": "final"})
    assert answer.headers["ETag"] == api.get(where).headers["ETag"] != seen
    again = patch(api, where, {"priority": 9}, seen)
    assert (again.status_code, again.json()["type"]) == (412, "/errors#if-match-failed")
    assert patch(api, where, {"priority": 9}, answer.headers["ETag"]).json()["priority"] == 9


def test_patch_without_if_match_is_428_and_with_a_weak_one_412(api: Api, where: str) -> None:
    answer = patch(api, where, {"priority": 7}, None)
    assert (answer.status_code, answer.json()["type"]) == (428, "/errors#if-match-missing")
    assert patch(api, where, {"priority": 7}, "W/" + api.get(where).headers["ETag"]).status_code == 412
    assert api.get(where).json()["priority"] == 0


def test_patch_takes_one_of_several_tags_and_the_merge_patch_type(api: Api, where: str) -> None:
    tags = f'"other", {api.get(where).headers["ETag"]}'
    headers = {"Content-Type": "application/merge-patch+json"}
    assert patch(api, where, {"priority": 7}, tags, **headers).json()["priority"] == 7


@pytest.mark.parametrize(
    "body",
    [
        {"priority": 1001},
        {"priority": None},
        {"priority": True},
        {"labels": None},
        {"labels": {"a": 1}},
        {"labels": {"": "x"}},
        {"labels": {"a": "\x00"}},
        {"labels": {f"l{n}": "x" for n in range(40)}},
        {"status": "succeeded"},
        [],
    ],
    ids=range(10),
)
def test_wrong_patch_is_422_and_changes_nothing(api: Api, where: str, body: Any) -> None:
    before = api.get(where).json()
    answer = patch(api, where, body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert api.get(where).json() == before


def test_patch_with_half_a_character_is_422(api: Api, where: str) -> None:
    headers = {"If-Match": "*", "Content-Type": "application/json"}
    answer = api.request("PATCH", where, content='{"labels": {"a": "\\ud800"}}', headers=headers)
    assert answer.status_code == 422


def test_patch_of_unknown_job_is_404(api: Api) -> None:
    assert patch(api, "/v1/jobs/job_x", {"priority": 1}, None).status_code == 404
