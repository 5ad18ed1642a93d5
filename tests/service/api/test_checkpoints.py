"""Checkpoints over HTTP: listed for job and version, promoted to a child that is the very same network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from kan.checkpoint import dump
from kan.encoding import NumberInput, NumberOutput
from kan.split import Part
from service.domain.jobs import create_job
from service.domain.leasing import claims, endings, leases
from service.domain.leasing.leases import Hold
from service.domain.specs.job_specs import JobDraft
from service.domain.trained_model import TrainedModel, TrainingMoment
from service.store.tables import BlobChunkRow
from tests.service.conftest import signature_of

BASE = "/v1/models/concrete/versions"
PARTS = np.array([Part.TRAIN, Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.TEST, Part.UNUSED], dtype=np.uint8)
X = [[0.1, 0.2, -0.3, 0.4, 0.5, 0.9], [0.5, -0.5, 0.2, 0.7, -0.9, 0.0]]
Y = [1.0, 2.0, 3.0, 4.0, 5.0, None]


class Training:
    """A job that left four networks and published the last one."""

    def __init__(self, api: Any, write: Any, network_of: Any) -> None:
        created = api.post(
            "/v1/datasets?name=a", json={"columns": {"x": X[0], "z": X[1], "y": Y}, "units": {"z": "mm"}}
        )
        inputs = (NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0), NumberInput("z", "z", 0.0, 1.0, -1.0, 1.0))
        self.states = [network_of(inputs, (NumberOutput("y", 2.0, 1.5),), hidden=2, seed=seed) for seed in range(4)]
        self._write = write
        self.hold = self._claimed(created.json()["id"])
        for number, (state, loss) in enumerate(zip(self.states, [0.9, 0.8, 0.2, 0.4], strict=True)):
            moment = TrainingMoment(dump(state), 1 + number // 2, "fit", number % 2 == 1, 5, loss, loss)
            with write() as session:
                leases.record_checkpoint(session, self.hold, b"%d" % number, {}, moment)

    def end(self) -> None:
        model, split, signature = dump(self.states[-1]), PARTS.tobytes(), signature_of(self.states[-1])
        trained = TrainedModel(model, split, {"test": {"rmse": 1.0}}, signature, "converged", 1.0)
        with self._write() as session:
            endings.finish_with_model(session, self.hold, trained)

    def _claimed(self, dataset_id: str) -> Hold:
        with self._write() as session:
            draft = JobDraft("train", {}, {"seed": 7}, dataset_id, "concrete", 60, 0, {})
            create_job(session, draft, max_queue=10, max_attempts=3)
            session.commit()
            claimed = claims.claim_next_job(session, "wk_a", 30.0)
        assert claimed is not None
        return claimed[0]


@pytest.fixture
def running(api: Any, write: Any, network_of: Any) -> Training:
    return Training(api, write, network_of)


@pytest.fixture
def ended(running: Training) -> Training:
    running.end()
    return running


def predictions(api: Any, version: int) -> np.ndarray[Any, Any]:
    rows = list(zip(*X, strict=True))
    return np.array(api.post(f"{BASE}/{version}/predict", json={"rows": rows}).json()["predictions"])[:, 0]


def test_checkpoints_of_a_running_job_are_listed(api: Any, running: Training) -> None:
    found = api.get(f"/v1/jobs/{running.hold.job_id}/checkpoints").json()["data"]
    assert [each["number"] for each in found] == [1, 2, 3, 4]
    assert [each["kept_for"] for each in found] == [["first"], ["stage_end"], ["best"], ["stage_end", "last"]]
    assert [(each["stage"], each["stage_name"], each["validation_loss"]) for each in found][2] == (2, "fit", 0.2)


def test_a_version_lists_the_checkpoints_of_its_job(api: Any, ended: Training) -> None:
    of_version = api.get(f"{BASE}/1/checkpoints")
    assert (of_version.status_code, len(of_version.json()["data"])) == (200, 4)
    assert of_version.json() == api.get(f"/v1/jobs/{ended.hold.job_id}/checkpoints").json()


def test_one_checkpoint_is_read_as_json_and_as_the_file_of_its_network(api: Any, running: Training) -> None:
    url = f"/v1/jobs/{running.hold.job_id}/checkpoints"
    shown = api.get(f"{url}/2")
    assert shown.json() == api.get(url).json()["data"][1]
    file = api.get(f"{url}/2", headers={"Accept": "application/octet-stream"})
    assert (file.content, file.headers["content-type"]) == (dump(running.states[1]), "application/octet-stream")
    assert file.headers["content-disposition"].endswith('-2.safetensors"')
    for accept, etag in (("application/json", shown), ("application/octet-stream", file)):
        headers = {"Accept": accept, "If-None-Match": etag.headers["etag"]}
        assert api.get(f"{url}/2", headers=headers).status_code == 304
    assert [api.get(f"{url}/{number}").status_code for number in ("0", "02", "9", "x")] == [404] * 4
    assert api.get("/v1/jobs/job_none/checkpoints/1").status_code == 404
    assert api.get(f"{url}/2", headers={"Accept": "text/csv"}).status_code == 406


def test_a_damaged_checkpoint_is_named_and_never_promoted(api: Any, ended: Training, write: Any) -> None:
    sha256 = api.get(f"{BASE}/1/checkpoints").json()["data"][0]["sha256"]
    with write() as session:
        session.execute(update(BlobChunkRow).where(BlobChunkRow.sha256 == sha256).values(data=b"damaged"))
        session.commit()
    file = api.get(f"/v1/jobs/{ended.hold.job_id}/checkpoints/1", headers={"Accept": "application/octet-stream"})
    for response in (file, api.post(f"{BASE}/1/checkpoints/1/promote")):
        assert (response.status_code, response.json()["type"]) == (500, "/errors#stored-data-damaged")
    assert api.get("/v1/models/concrete").json()["versions"] == 1


def test_a_promoted_checkpoint_is_a_draft_with_the_same_network(api: Any, ended: Training) -> None:
    checkpoint = api.get(f"{BASE}/1/checkpoints").json()["data"][2]
    response = api.post(f"{BASE}/latest/checkpoints/3/promote")
    assert (response.status_code, response.headers["location"]) == (201, f"{BASE}/2")
    body = response.json()
    assert (body["status"], body["sha256"], body["job"]) == ("draft", checkpoint["sha256"], None)
    assert body["parent"] == api.get(f"{BASE}/1").json()["id"]
    told = {"job": ended.hold.job_id} | {
        name: checkpoint[name] for name in ("number", "stage", "stage_name", "step", "train_loss", "validation_loss")
    }
    assert (body["edit"]["of"], body["edit"]["operations"], body["edit"]["checkpoint"]) == (1, [], told)
    assert [(item["name"], item["units"]) for item in body["signature"]["inputs"]] == [("x", None), ("z", "mm")]
    assert api.get(f"{BASE}/2").json() == body
    assert api.get(f"{BASE}/latest").json()["version"] == 1


def test_metrics_and_change_of_a_promotion_are_those_of_the_two_predictions(api: Any, ended: Training) -> None:
    body = api.post(f"{BASE}/1/checkpoints/3/promote").json()
    child, parent = predictions(api, 2), predictions(api, 1)
    assert body["metrics"]["test"]["rmse"] == pytest.approx(abs(child[4] - 5.0), rel=1e-12)
    assert body["edit"]["metrics_before"]["test"]["rmse"] == pytest.approx(abs(parent[4] - 5.0), rel=1e-12)
    change = np.abs(child - parent)[:3]
    (found,) = body["edit"]["certificate"]["outputs"]
    assert found["max_change"] == pytest.approx(change.max(), rel=1e-12)
    assert found["rms_change"] == pytest.approx(np.sqrt(np.square(change).mean()), rel=1e-12)


def test_a_promotion_may_be_published_at_once(api: Any, ended: Training) -> None:
    assert api.post(f"{BASE}/1/checkpoints/1/promote", json={"publish": True}).json()["status"] == "published"
    assert api.get(f"{BASE}/latest").json()["version"] == 2


def test_a_promoted_checkpoint_outlives_its_job(api: Any, ended: Training) -> None:
    api.post(f"{BASE}/1/checkpoints/1/promote")
    before = predictions(api, 2)
    assert api.delete(f"/v1/jobs/{ended.hold.job_id}").status_code == 204
    np.testing.assert_array_equal(predictions(api, 2), before)
    assert api.get(f"{BASE}/1/checkpoints").json() == {"data": [], "next_cursor": None}
    assert api.post(f"{BASE}/1/checkpoints/1/promote").status_code == 404


def test_a_repeat_with_the_same_key_makes_one_version(api: Any, ended: Training) -> None:
    key = {"headers": {"Idempotency-Key": "one"}}
    first, second = (api.post(f"{BASE}/1/checkpoints/2/promote", **key) for _ in range(2))
    assert (second.status_code, second.json(), second.headers["idempotency-replayed"]) == (201, first.json(), "true")
    other = api.post(f"{BASE}/1/checkpoints/2/promote", json={"publish": True}, **key)
    assert other.status_code == 422
    assert api.get("/v1/models/concrete").json()["versions"] == 2


def test_without_the_data_set_the_answer_says_why_nothing_was_measured(api: Any, ended: Training) -> None:
    dataset = api.get(f"{BASE}/1").json()["dataset"]
    assert api.delete(f"/v1/datasets/{dataset}?force=true").status_code == 204
    body = api.post(f"{BASE}/1/checkpoints/2/promote").json()
    assert (body["metrics"], body["edit"]["certificate"]) == ({}, None)
    assert body["edit"]["unmeasured"].startswith("the data set that the version was trained on is gone")
    assert np.isfinite(predictions(api, 2)).all()


@pytest.mark.parametrize("number", ["0", "5", "-1", "first", "99999999999"])
def test_an_unknown_number_is_404(api: Any, ended: Training, number: str) -> None:
    response = api.post(f"{BASE}/1/checkpoints/{number}/promote")
    assert (response.status_code, response.json()["type"]) == (404, "/errors#checkpoint-not-found")


def test_a_checkpoint_that_was_thinned_out_is_410(api: Any, running: Training, write: Any) -> None:
    for number, state in enumerate(running.states[:2]):
        moment = TrainingMoment(dump(state), 3, "fit", number == 1, 5, 0.5, 0.5)
        with write() as session:
            leases.record_checkpoint(session, running.hold, b"late %d" % number, {}, moment)
    running.end()
    thinned = api.get(f"{BASE}/1/checkpoints").json()["data"][4]
    assert (thinned["kept_for"], thinned["sha256"]) == ([], None)
    response = api.post(f"{BASE}/1/checkpoints/5/promote")
    assert (response.status_code, response.json()["type"]) == (410, "/errors#checkpoint-gone")
    assert api.get("/v1/models/concrete").json()["versions"] == 1
    url = f"/v1/jobs/{running.hold.job_id}/checkpoints/5"
    assert api.get(url).status_code == 200
    assert api.get(url, headers={"Accept": "application/octet-stream"}).status_code == 410


def test_checkpoints_of_nothing_are_404_and_of_an_edit_none(api: Any, ended: Training) -> None:
    assert api.get("/v1/jobs/job_none/checkpoints").status_code == 404
    assert api.get(f"{BASE}/9/checkpoints").status_code == 404
    assert api.get("/v1/models/none/versions/1/checkpoints").status_code == 404
    assert api.post("/v1/models/none/versions/1/checkpoints/1/promote").status_code == 404
    api.post(f"{BASE}/1/edits", json={"operations": [{"op": "refine", "grid": 6}]})
    assert api.get(f"{BASE}/2/checkpoints").json() == {"data": [], "next_cursor": None}
    assert api.post(f"{BASE}/2/checkpoints/1/promote").status_code == 404


def test_an_unknown_field_of_a_promotion_is_refused(api: Any, ended: Training) -> None:
    assert api.post(f"{BASE}/1/checkpoints/1/promote", json={"publsh": True}).status_code == 422
