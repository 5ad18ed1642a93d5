"""The way that the README shows, run as it stands there, on both databases."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

from tests.acceptance.conftest import ROOT, Service


def test_quickstart_ends_with_a_model_that_predicts(service: Service, tmp_path: Path) -> None:
    environment = {**os.environ, "KAN_URL": service.url, "PRESET": "quick", "OUT": str(tmp_path)}
    script = ROOT / "examples" / "quickstart.sh"
    done = subprocess.run(
        ["bash", str(script)], check=False, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"predictions":[[' in done.stdout
    job = service.http.get("/v1/jobs").json()["data"][0]
    assert job["status"] == "succeeded"
    assert job["result"]["metrics"]["test"]["r2"] > 0.85
    assert job["resolved"]["recipe"][0]["stage"] == "choose"
    assert json.loads((tmp_path / "curves.json").read_text())["layers"]
    assert ElementTree.parse(tmp_path / "concrete.svg").getroot().tag.endswith("svg")


def test_log_as_json_is_the_log_as_stream(service: Service, concrete: bytes) -> None:
    dataset = service.upload("concrete", concrete)
    job = service.submit(dataset=dataset, targets=["compressive_strength"], preset="quick")
    streamed = []
    with service.http.stream("GET", f"/v1/jobs/{job}/events", headers={"Accept": "text/event-stream"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("id:"):
                streamed.append(int(line.removeprefix("id:")))
    listed, after = [], 0
    while True:
        page = service.http.get(f"/v1/jobs/{job}/events", params={"limit": 200, "after": after}).json()
        listed += page["data"]
        if page["next_cursor"] is None:
            break
        after = page["next_cursor"]
    assert [entry["seq"] for entry in listed] == streamed
    types = {entry["type"] for entry in listed}
    assert {"status", "stage", "metric", "checkpoint", "end"} <= types


def test_answers_after_a_restart_are_the_same_bytes(service: Service, concrete: bytes) -> None:
    dataset = service.upload("concrete", concrete)
    service.ended(service.submit(dataset=dataset, model="concrete", targets=["compressive_strength"], preset="quick"))
    paths = [
        "/v1/models/concrete/versions/1/activations",
        "/v1/models/concrete/versions/1/plot.svg",
        f"/v1/models/concrete/versions/1/predictions?dataset={dataset}&split=test",
        "/v1/models/concrete/versions/latest/predict?cement=540&blast_furnace_slag=0&fly_ash=0&water=162"
        "&superplasticizer=2.5&coarse_aggregate=1040&fine_aggregate=676&age=28",
    ]
    before = [service.http.get(path) for path in paths]
    assert [answer.status_code for answer in before] == [200] * len(paths)
    assert service.stop() == 0
    service.start()
    assert [service.http.get(path).content for path in paths] == [answer.content for answer in before]
