"""How much memory the training process of the service takes for a data set of a million rows.

    python benchmarks/large_job.py [--rows N] [--steps N]

A service of its own on SQLite makes a data set of 10 columns by its generator (9 inputs and a target) and trains a fit
of Adam on it. What counts: the most resident memory of the training process, less that of one with a small data set;
so the stored table's bytes, which it gets, count too.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

LOOK_SECONDS = 0.005
RANGES = {f"x{i}": [-1, 1] for i in range(9)}
SMALL = 2_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=20, help="of the fit stage; one is 50 batches of Adam")
    parser.add_argument("--quick", action="store_true", help="a sanity run: few steps")
    asked = parser.parse_args()
    steps = 2 if asked.quick else asked.steps
    with tempfile.TemporaryDirectory() as folder:
        process, http = start(Path(folder))
        try:
            small, _ = trained(process, http, SMALL, 2)
            most, job = trained(process, http, asked.rows, steps)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
    size = 8 * asked.rows * (len(RANGES) + 1)
    events, test = job["events"], job["result"]["metrics"]["test"]
    print("| rows | metric events | train s | table, MB | most memory, MB | tables | test R2 |")
    print("|---|---|---|---|---|---|---|")
    print(
        f"| {asked.rows:,} | {events} | {job['result']['train_seconds']:.1f} | {size / 1e6:.1f} "
        f"| {(most - small) / 1e6:.1f} | {(most - small) / size:.2f} | {test['r2']:.4f} |"
    )


def start(folder: Path) -> tuple[subprocess.Popen[str], httpx.Client]:
    settings = {"KAN_DATABASE_URL": f"sqlite:///{folder}/kan.sqlite3", "KAN_PORT": "0"}
    limits = {"KAN_MAX_DATASET_CELLS": "1000000000"}
    command = [sys.executable, "-m", "service", "serve"]
    process = subprocess.Popen(
        command, env={**os.environ, **settings, **limits}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    url = next(word for word in process.stdout.readline().split() if word.startswith("http"))
    return process, httpx.Client(base_url=url.rstrip("/"), timeout=300)


def trained(process: subprocess.Popen[str], http: httpx.Client, rows: int, steps: int) -> tuple[int, dict[str, Any]]:
    """Gives the most resident memory of the training process (bytes), and the job."""
    expression = "exp(sin(pi*x0)+x1**2)+x2*x3" + "".join(f"+0*x{i}" for i in range(4, len(RANGES)))
    generator = {"expression": expression, "ranges": RANGES, "rows": rows, "noise": 0.05, "target": "y"}
    dataset = posted(http, "/v1/datasets", {"name": f"toy{rows}", "generator": generator})["id"]
    fit = {"stage": "fit", "optimizer": "adam", "steps": steps, "patience": None}
    spec = {"dataset": dataset, "targets": ["y"], "network": {"hidden": [5]}, "recipe": [fit]}
    job = posted(http, "/v1/jobs", {"kind": "train", **spec})["id"]
    most = 0
    while not (found := http.get(f"/v1/jobs/{job}").json())["terminal"]:
        deadline = time.monotonic() + 0.2
        while time.monotonic() < deadline:
            most = max([most, *training_bytes(process.pid)])
            time.sleep(LOOK_SECONDS)
    if found["status"] != "succeeded":
        raise SystemExit(f"the job ended {found['status']}: {found['error']}")
    events = http.get(f"/v1/jobs/{job}/events?limit=200", headers={"Accept": "application/json"}).json()["data"]
    return most, {**found, "events": sum(event["type"] == "metric" for event in events)}


def training_bytes(pid: int) -> list[int]:
    """Gives the highest resident memory so far of the processes that train: children of the workers' fork servers."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        try:
            if "forkserver" in " ".join(child.parent().cmdline()):
                status = Path(f"/proc/{child.pid}/status").read_text()
                found.append(1024 * int(status.split("VmHWM:")[1].split()[0]))
        except (psutil.NoSuchProcess, FileNotFoundError, IndexError, AttributeError):
            continue
    return found


def posted(http: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = http.post(path, json=body)
    if answer.is_error:
        raise SystemExit(answer.text)
    found: dict[str, Any] = answer.json()
    return found


if __name__ == "__main__":
    main()
