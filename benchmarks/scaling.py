"""How our error falls with the grid, and how our time grows with rows, width and grid: fitted slopes of logarithms.

    python benchmarks/scaling.py [--quick]

The error is the test RMSE of exp(sin(pi x)+y^2), shape [2, 1, 1], trained on 3,000 rows: the paper promises grid^-4.
Times are CPU seconds of one thread: a training step (forward, loss, gradient), and a
whole Levenberg-Marquardt fit of ten steps in float64. A slope of 1 is linear; small sizes are bound by fixed costs, so
the slope is fitted to the larger half.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from statistics import median

import numpy as np
import torch
from peers.protocol import PeerFailed, Worker
from rounds import Case, measure, our_worker
from tasks import TASKS

from kan import Kan, fit
from kan.config import Fit, Refine, Starts

TASK = TASKS["exp(sin(pi x)+y^2)"]
FIRST_GRID = 5
# The default penalty of 1e-9 would hold the error above 1e-4 on every grid; the fit shall be bound by the grid alone.
CURVATURE = 1e-14


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a sanity run: one seed, few sizes")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    seeds, rounds = (1, 3) if asked.quick else (asked.seeds, asked.rounds)
    grids = (5, 10, 20) if asked.quick else (5, 10, 15, 20, 30, 40, 50)
    errors = [median(rmse_at(grid, seed) for seed in range(seeds)) for grid in grids]
    report("test RMSE", "grid", grids, errors, slope_of=len(grids))
    rows = (1000, 4000, 16000) if asked.quick else (1000, 2000, 4000, 8000, 16000, 32000, 64000)
    report("fit, s", "rows", rows, [median(fit_seconds(n) for _ in range(rounds)) for n in rows])
    worker = our_worker()
    try:
        for axis, cases in step_cases(quick=asked.quick).items():
            report_steps(axis, cases, worker, rounds)
    except PeerFailed as error:
        parser.exit(1, f"a training step could not be timed: {error}\n")
    finally:
        worker.close()


def rmse_at(grid: int, seed: int) -> float:
    """Gives the test RMSE on one grid: four starts on the coarsest grid, the best carried over to the fine one."""
    x, y, test_x, test_y = TASK.rows(seed, rows=3000)
    finer = () if grid == FIRST_GRID else (Refine(grid=grid),)
    recipe = (Starts(count=4, steps=40), *finer, Fit(steps=200, patience=None, curvature=CURVATURE))
    run = fit(Kan(TASK.widths, grid=FIRST_GRID), x, y, recipe=recipe, seed=seed)
    with torch.no_grad():
        return float(np.sqrt(np.mean((run.network(torch.from_numpy(test_x)).numpy() - test_y) ** 2)))


def fit_seconds(rows: int) -> float:
    """Gives the CPU seconds of ten Levenberg-Marquardt steps of a [2, 5, 1] network."""
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, (rows, 2))
    y = TASK.function(x.T) + random.normal(0, 0.1, rows)
    started = time.process_time()
    fit(Kan([2, 5, 1], grid=5), x, y, recipe=(Fit(steps=10, patience=None, optimizer="lm"),))
    return time.process_time() - started


def step_cases(*, quick: bool) -> dict[str, list[tuple[int, Case]]]:
    """Gives the sizes along each axis with their cases."""
    rows = (1024, 4096, 16384) if quick else (64, 256, 1024, 4096, 16384, 65536)
    widths = (8, 32, 128) if quick else (8, 16, 32, 64, 128, 256)
    grids = (5, 20, 80) if quick else (5, 10, 20, 40, 80, 160)
    return {
        "rows": [(n, Case((4, 10, 10, 1), 5, n, "step")) for n in rows],
        "width": [(n, Case((n, n, 1), 5, 1024, "step")) for n in widths],
        "grid": [(n, Case((4, 10, 10, 1), n, 1024, "step")) for n in grids],
    }


def report_steps(axis: str, cases: Sequence[tuple[int, Case]], worker: Worker, rounds: int) -> None:
    """Prints the step's time along one axis."""
    times = [measure(case, [worker], rounds)[worker.name] for _, case in cases]
    reasons = [time for time in times if isinstance(time, str)]
    if reasons:
        raise PeerFailed(reasons[0])
    report("step, s", axis, [size for size, _ in cases], [float(seconds) for seconds in times])


def report(what: str, axis: str, sizes: Sequence[int], values: Sequence[float], *, slope_of: int | None = None) -> None:
    """Prints a row of values with the slope of the logarithms over the last `slope_of` sizes (default: half)."""
    last = slope_of or max(2, (len(sizes) + 1) // 2)
    slope = np.polyfit(np.log(sizes[-last:]), np.log(values[-last:]), 1)[0]
    print(f"| {what} | {axis} | {' | '.join(map(str, sizes))} | slope of the last {last} |")
    print("|" + " --- |" * (len(sizes) + 3))
    print(f"| | | {' | '.join(f'{value:.3g}' for value in values)} | {slope:.2f} |\n", flush=True)


if __name__ == "__main__":
    main()
