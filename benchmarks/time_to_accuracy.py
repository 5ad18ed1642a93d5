"""CPU seconds until the test RMSE first falls to 1e-2, 1e-3, 1e-4 and 1e-5: ours beside pykan's, adapted.

    make peers
    python benchmarks/time_to_accuracy.py [--kinds shallow,reported] [--quick] [--only-ours]

Both get the same 1,000 training rows of a seed, both in float64 and one thread, in a process of its own, seeds in turn.
Ours is what `kan.fit(Kan(widths), x, y, preset=..., seed=seed)` runs (one fifth of the rows is held out to choose).
pykan 0.2.8's is adapted from its Example 1: LBFGS on grids 3, 5, 10, 20, 50, 50 steps each, its grid updates on (there
3, 10, 20, 50, 100 with 200 steps). A level counts when the network in hand first reaches it, on our side also in a
start that is given up later, which favours ours. On both sides
the network in hand is judged on 1,000 test rows after every step, off the clock; a seed ends at the last level, at the
recipe's end or after 120 s. A median over seeds is "-" where the middle one never reached the level; "reached"
counts the seeds. Compiling is warmed up before the first seed.

Kinds: "shallow" has one and two layers; three-layer functions are "tuned" where presets were tuned on them and
"reported" where they were not; ours runs 10 seeds of these and pykan 3.
"""

from __future__ import annotations

import argparse
import sys
from statistics import median
from typing import Any

from peers.protocol import PeerFailed, Worker
from rounds import our_worker
from tasks import TASKS, Task

LEVELS = (1e-2, 1e-3, 1e-4, 1e-5)
LIMIT_SECONDS = 120.0
# Wall time: the CPU limit, the looks at the test rows, and a machine that is not idle.
TIMEOUT_SECONDS = 600.0
Runs = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", default="shallow,tuned,reported", help="default: %(default)s")
    parser.add_argument("--tasks", help="names of tasks, separated by semicolons, instead of kinds")
    parser.add_argument("--seeds", type=int, default=5, help="shallow tasks, each side (default: %(default)s)")
    parser.add_argument("--deep-seeds", type=int, default=10, help="three-layer tasks, ours (default: %(default)s)")
    parser.add_argument("--deep-peer-seeds", type=int, default=3, help="the same of pykan (default: %(default)s)")
    parser.add_argument("--preset", default="balanced", help="ours, shallow tasks (default: %(default)s)")
    parser.add_argument("--deep-preset", default="thorough", help="ours, three-layer tasks (default: %(default)s)")
    parser.add_argument("--peer-steps", type=int, default=50, help="pykan's steps on each grid (default: %(default)s)")
    parser.add_argument("--limit-seconds", type=float, default=LIMIT_SECONDS, help="of CPU, a seed")
    parser.add_argument("--only-ours", action="store_true", help="leave pykan out, which takes most of the time")
    parser.add_argument("--quick", action="store_true", help="one shallow task, two seeds, 20 s each")
    asked = parser.parse_args()
    if asked.quick:
        asked.tasks, asked.seeds, asked.limit_seconds = "exp(sin(pi x)+y^2)", 2, 20.0
    ours, theirs = our_worker(), Worker("pykan", "with_pykan")
    try:
        _print_tasks(asked, ours, theirs)
    finally:
        ours.close()
        theirs.close()


def _print_tasks(asked: argparse.Namespace, ours: Worker, theirs: Worker) -> None:
    heads = " | ".join(f"{level:g}, s" for level in LEVELS)
    print(f"| kind | task | shape | who | {heads} | reached | best RMSE, median | seconds, median |")
    print("|" + " --- |" * (7 + len(LEVELS)))
    ours.ask("train", task="x y", widths=(2, 2, 1), seed=99, levels=(1e-1,), limit_seconds=60.0, preset="quick")
    for name, task in TASKS.items():
        if name in asked.tasks.split(";") if asked.tasks else task.kind in asked.kinds.split(","):
            runs = _run(asked, name, task, ours, theirs)
            _print_rows(name, task, runs)


def _run(asked: argparse.Namespace, name: str, task: Task, ours: Worker, theirs: Worker) -> dict[str, Runs]:
    """Gives each side's runs, seed by seed in turn."""
    shallow = task.kind == "shallow"
    our_seeds, peer_seeds = (asked.seeds, asked.seeds) if shallow else (asked.deep_seeds, asked.deep_peer_seeds)
    if asked.only_ours:
        peer_seeds = 0
    shared = {"task": name, "widths": task.widths, "levels": LEVELS, "limit_seconds": asked.limit_seconds}
    runs: dict[str, Runs] = {"ours": [], "pykan": []}
    for seed in range(max(our_seeds, peer_seeds)):
        if seed < our_seeds:
            preset = asked.preset if shallow else asked.deep_preset
            runs["ours"].append(_train(ours, seed=seed, preset=preset, **shared))
        if seed < peer_seeds:
            runs["pykan"].append(_train(theirs, seed=seed, steps=asked.peer_steps, **shared))
    return runs


def _train(worker: Worker, **arguments: Any) -> dict[str, Any]:
    """Gives a run; one that breaks down (NaN, no convergence of its solver) reached nothing."""
    try:
        return dict(worker.ask("train", timeout_seconds=TIMEOUT_SECONDS, **arguments))
    except PeerFailed as error:
        print(f"{worker.name}, {arguments['task']}, seed {arguments['seed']}: {error}", file=sys.stderr)
        return {"reached": [], "best": float("inf"), "seconds": float("inf")}


def _print_rows(name: str, task: Task, runs: dict[str, Runs]) -> None:
    for who, of_side in runs.items():
        if of_side:
            cells = [_seconds(_median_seconds(of_side, level)) for level in range(len(LEVELS))]
            counts = "/".join(str(_reached(of_side, level)) for level in range(len(LEVELS))) + f" of {len(of_side)}"
            best, spent = (median(run[key] for run in of_side) for key in ("best", "seconds"))
            row = [task.kind, name, str(list(task.widths)), who, *cells, counts, f"{best:.1e}", _seconds(spent)]
            print(f"| {' | '.join(row)} |", flush=True)
    if all(runs.values()):
        _print_ratios(name, task, runs)


def _print_ratios(name: str, task: Task, runs: dict[str, Runs]) -> None:
    """Prints pykan's median seconds divided by ours; where pykan's median never arrived, at least how many."""
    cells = []
    for level in range(len(LEVELS)):
        mine, other = _median_seconds(runs["ours"], level), _median_seconds(runs["pykan"], level)
        if mine == float("inf"):
            cells.append("-")
        elif other == float("inf"):
            spent = median(run["seconds"] for run in runs["pykan"])
            cells.append("-" if spent == float("inf") else f"> {spent / mine:.0f}")
        else:
            cells.append(f"{other / mine:.0f}")
    print(f"| {task.kind} | {name} | {list(task.widths)} | × | {' | '.join(cells)} | | | |", flush=True)


def _reached(runs: Runs, level: int) -> int:
    return sum(len(run["reached"]) > level for run in runs)


def _median_seconds(runs: Runs, level: int) -> float:
    return median(run["reached"][level] if len(run["reached"]) > level else float("inf") for run in runs)


def _seconds(value: float) -> str:
    return "-" if value == float("inf") else f"{value:.3g}"


if __name__ == "__main__":
    main()
