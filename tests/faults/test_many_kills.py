"""200 SIGKILLs at random times over 20 jobs, and some more over jobs that train real networks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy.orm import Session, sessionmaker

from tests.faults.held_run import HURRY, Gates
from tests.faults.hunt import Hunt, Prey

if TYPE_CHECKING:
    from tests.faults.conftest import FaultBench

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

SEED = 20261125
DATA = Path(__file__).resolve().parents[2] / "examples" / "data"

JOBS, KILLS_EACH, WORKERS = 20, 10, 3
# More than a job comes to between its kills; after them it hurries.
STEPS = 8000

CONCRETE, PENGUINS = "concrete", "penguins"
SMALL = {"hidden": [4], "grid": 3}
FIT = {"stage": "fit", "steps": 1500, "optimizer": "lbfgs"}
REFINED = [FIT, *(stage for grid in (6, 12, 24, 48, 96) for stage in ({"stage": "refine", "grid": grid}, FIT))]
# A search, two targets, classes with categories, a sparse network; every optimizer. Each lasts longer than its kills.
TRAININGS: list[dict[str, Any]] = [
    {"dataset": CONCRETE, "targets": ["compressive_strength"], "preset": "balanced"},
    {
        "dataset": CONCRETE,
        "targets": ["compressive_strength", "water"],
        "network": SMALL,
        "recipe": [{"stage": "fit", "steps": 600, "optimizer": "adam"}],
    },
    {
        "dataset": PENGUINS,
        "targets": ["species"],
        "network": {"hidden": [12], "grid": 3},
        "recipe": REFINED,
    },
    {
        "dataset": CONCRETE,
        "targets": ["compressive_strength"],
        "network": {"hidden": [10], "grid": 8},
        "recipe": [{"stage": "fit", "steps": 100, "lamb": 0.01}, {"stage": "prune"}, {"stage": "fit", "steps": 60}],
    },
]
TRAINING_KILLS_EACH = 5


def test_every_job_succeeds_once_with_the_bits_of_an_undisturbed_one(
    bench: FaultBench, sessions: sessionmaker[Session]
) -> None:
    gates: dict[str, Gates] = {}
    for place in range(JOBS):
        folder = bench.folder / f"job{place}"
        folder.mkdir()
        gates[bench.submit(steps=STEPS, step_seconds=0.05, folder=str(folder))] = Gates(folder)
    preys = [Prey(job_id, KILLS_EACH) for job_id in gates]
    hunt = Hunt(sessions, bench.start_held_worker, WORKERS, SEED)
    for _ in range(JOBS * KILLS_EACH):
        hit = hunt.kill_next(preys)
        if not hit.is_open:
            gates[hit.job_id].let_go(HURRY)
    for prey in preys:
        bench.assert_succeeded_once(prey.job_id, STEPS)
        assert bench.job(prey.job_id).token >= KILLS_EACH + 1
    assert len({bench.versions(prey.job_id)[0].version for prey in preys}) == JOBS


def test_killed_trainings_end_in_the_bits_of_undisturbed_ones(
    bench: FaultBench, sessions: sessionmaker[Session]
) -> None:
    _, client = bench.start_api()
    datasets = {name: upload(client, name) for name in (CONCRETE, PENGUINS)}
    killed = submit(client, datasets, "killed")
    preys = [Prey(job_id, TRAINING_KILLS_EACH) for job_id in killed]
    hunt = Hunt(sessions, lambda: bench.start_worker(run_class=None, KAN_CHECKPOINT_SECONDS="0.1"), 2, SEED)
    for _ in range(len(preys) * TRAINING_KILLS_EACH):
        hunt.kill_next(preys)
    assert_one_version_each(bench, killed)
    hunt.end()
    # A lease so short that a busy machine may miss it would disturb them too.
    bench.start_worker(run_class=None, KAN_LEASE_SECONDS="60")
    undisturbed = submit(client, datasets, "undisturbed")
    assert_one_version_each(bench, undisturbed)
    for job_id, other in zip(killed, undisturbed, strict=True):
        (mine,), (theirs,) = bench.versions(job_id), bench.versions(other)
        assert bench.statuses(job_id).count("running") >= TRAINING_KILLS_EACH + 1
        assert bench.statuses(other) == ["queued", "running", "succeeded"]
        assert (mine.blob_sha256, mine.split_sha256) == (theirs.blob_sha256, theirs.split_sha256)
        assert mine.metrics == theirs.metrics


def assert_one_version_each(bench: FaultBench, jobs: list[str]) -> None:
    for job_id in jobs:
        ended = bench.wait_for_end(job_id, 300)
        assert (ended.status, ended.error) == ("succeeded", None)
        assert len(bench.versions(job_id)) == 1


def upload(client: httpx.Client, name: str) -> str:
    content = (DATA / f"{name}.csv").read_bytes()
    answer = client.post(f"/v1/datasets?name={name}", content=content, headers={"Content-Type": "text/csv"})
    return str(answer.raise_for_status().json()["id"])


def submit(client: httpx.Client, datasets: dict[str, str], model: str) -> list[str]:
    found = []
    for place, spec in enumerate(TRAININGS):
        job = {**spec, "kind": "train", "dataset": datasets[spec["dataset"]], "seed": 3, "model": f"{model}{place}"}
        answer = client.post("/v1/jobs", json=job)
        found.append(str(answer.raise_for_status().json()["id"]))
    return found
