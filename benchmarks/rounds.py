"""Interleaved rounds: every worker in turn, medians over the rounds, one line of a markdown table per case."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from peers.protocol import OURS, PeerFailed, Worker

SMALL = ((2, 5, 1), (4, 10, 10, 1))
SHAPES = (*SMALL, (64, 64, 64), (784, 64, 10))
PEERS = {
    "efficient-kan": ("efficient_kan", ""),
    "fast-kan": ("fast_kan", ""),
    "inkan": ("with_inkan", "compiled"),
    "inkan eager": ("with_inkan", "eager"),
    "jaxKAN": ("with_jaxkan", ""),
    "pykan": ("with_pykan", ""),
    "MLP shape": ("mlp", "shape"),
    "MLP parameters": ("mlp", "parameters"),
}
LIMIT_SECONDS = 90.0
# A call of seconds needs no averaging: where one is in the case, all take part in fewer rounds.
SLOW_SECONDS, SLOW_ROUNDS = 1.0, 3


@dataclass(frozen=True)
class Case:
    """What is timed: `work` ("step" or "predict") of a network on some rows."""

    widths: tuple[int, ...]
    grid: int
    rows: int
    work: str

    @property
    def label(self) -> str:
        """The case as the first cells of its table row."""
        return f"{list(self.widths)} | {self.grid} | {self.rows}"


def peer_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what every benchmark with peers takes."""
    parser.add_argument(
        "--peer",
        action="append",
        metavar="NAME=PATH",
        default=[pair for pair in os.environ.get("KAN_PEERS", "").split(",") if pair],
        help="load a peer from a checkout; may be given several times (default: $KAN_PEERS, comma-separated)",
    )
    parser.add_argument("--peers", default=",".join(PEERS), help="which peers, comma-separated (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="a sanity run: few cases, three rounds")


@contextmanager
def workers(asked: argparse.Namespace, ours: Sequence[Worker]) -> Iterator[list[Worker]]:
    """Gives our workers and those of the asked peers; ends their processes at the end."""
    paths = dict(pair.split("=", 1) for pair in asked.peer)
    names = [name for name in asked.peers.split(",") if name]
    peers = [Worker(name, *PEERS[name], path=paths.get(name)) for name in names]
    try:
        yield [*ours, *peers]
    finally:
        for worker in [*ours, *peers]:
            worker.close()


def our_worker(variant: str = "") -> Worker:
    """Gives a worker of this library."""
    return Worker(f"ours {variant}".strip(), "ours", variant, OURS)


def measure(case: Case, all_workers: Sequence[Worker], rounds: int) -> dict[str, float | str]:
    """Gives each worker's median CPU seconds of one call, or why there are none."""
    found: dict[str, list[float]] = {}
    failed: dict[str, float | str] = {}
    arguments = {"widths": case.widths, "grid": case.grid, "rows": case.rows, "work": case.work}
    for worker in all_workers:
        try:
            warm = worker.ask("prepare", timeout_seconds=LIMIT_SECONDS, **arguments)
            found[worker.name] = []
            rounds = min(rounds, SLOW_ROUNDS) if warm > SLOW_SECONDS else rounds
        except PeerFailed as error:
            failed[worker.name] = str(error).removeprefix("TooSlow: ")
    for _ in range(rounds):
        for worker in all_workers:
            if worker.name in found:
                found[worker.name].append(worker.ask("measure", timeout_seconds=LIMIT_SECONDS))
    return {**{name: median(times) for name, times in found.items()}, **failed}


def print_table(cases: Iterable[Case], all_workers: Sequence[Worker], rounds: int) -> None:
    """Prints the microseconds of the first worker, ours, and the peers' times divided by it."""
    names = [worker.name for worker in all_workers]
    heads = [f"{names[0]}, µs", *(f"× {name}" for name in names[1:])]
    print(f"| shape | grid | rows | {' | '.join(heads)} |")
    print("|" + " --- |" * (3 + len(heads)))
    for case in cases:
        times = measure(case, all_workers, rounds)
        cells = [ratio(times[names[0]], 1e-6), *(ratio(times[name], times[names[0]]) for name in names[1:])]
        print(f"| {case.label} | {' | '.join(cells)} |", flush=True)


def ratio(time: float | str, unit: float | str) -> str:
    """Gives a time in units of another, with three digits; a reason instead of a time as it is."""
    if isinstance(time, str) or isinstance(unit, str):
        return str(time) if isinstance(time, str) else f"{time * 1e6:.3g} µs"
    return f"{time / unit:.3g}" if time / unit < 1000 else f"{time / unit:,.0f}"
