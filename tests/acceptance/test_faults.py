"""What a user sees when a process dies in mid-training: nothing but a little delay."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Service


def _is_past_a_checkpoint(answer: object) -> bool:
    events = answer.json()["data"]  # type: ignore[attr-defined]
    return any(event["type"] == "checkpoint" for event in events)


@pytest.mark.slow
def test_killed_worker_costs_no_job_and_changes_no_bit(service: Service, concrete: bytes) -> None:
    dataset = service.upload("concrete", concrete)
    spec = {"dataset": dataset, "targets": ["compressive_strength"], "preset": "balanced", "seed": 3}
    job = service.submit(**spec, model="killed")
    service.wait_for(f"/v1/jobs/{job}/events?limit=200", _is_past_a_checkpoint)
    for worker in service.workers():
        worker.kill()
    ended = service.ended(job)
    assert ended["status"] == "succeeded", ended
    claims = [step for step in ended["transitions"] if step["status"] == "running"]
    assert len(claims) >= 2, "the kill came too late to prove anything"
    undisturbed = service.ended(service.submit(**spec, model="undisturbed"))
    assert undisturbed["result"]["metrics"] == ended["result"]["metrics"]
    hashes = {
        name: service.http.get(f"/v1/models/{name}/versions/1").json()["sha256"] for name in ("killed", "undisturbed")
    }
    assert hashes["killed"] == hashes["undisturbed"]
    assert len(service.http.get("/v1/models/killed/versions").json()["data"]) == 1


@pytest.mark.slow
def test_cancelled_job_stops_and_leaves_no_model(service: Service, concrete: bytes) -> None:
    dataset = service.upload("concrete", concrete)
    job = service.submit(dataset=dataset, targets=["compressive_strength"], preset="thorough", model="cancelled")
    service.wait_for(f"/v1/jobs/{job}", lambda answer: answer.json()["status"] == "running")
    assert service.http.post(f"/v1/jobs/{job}/cancel").status_code == 202
    ended = service.ended(job)
    assert (ended["status"], ended["reason"]) == ("cancelled", "user_cancelled")
    assert service.http.get("/v1/models/cancelled").status_code == 404
