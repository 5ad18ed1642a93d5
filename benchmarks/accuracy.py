"""Accuracy on functions without noise: preset `thorough` on every problem, one rule for all shapes not given.

    OMP_NUM_THREADS=1 python benchmarks/accuracy.py [--problems FOLDER] [--seeds 0 1 2] [--only NAME ...] [--workers 2]

Every problem has its fixed training rows and 3,000 other rows for the test; a seed draws the random starts and the
validation rows. Printed are medians over the seeds; seconds are CPU seconds of one training on one thread. A problem of
several outputs is one of classes: `KanClassifier` with the same preset learns it, and the class's number is the answer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.problems.functions import Function, judging_rows, load_functions, training_rows
from kan import Kan, KanClassifier, fit

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """Test RMSE in the target's units, R2 (nan for a constant target) and CPU seconds."""

    rmse: float
    r2: float
    seconds: float


def widths_of(function: Function) -> tuple[int, ...]:
    """Gives the problem's own shape, or by the one rule five hidden nodes, with three more behind for 3 to 6 inputs.

    Rows do not carry two hidden layers behind more inputs than that.
    """
    inputs = len(function.variables)
    return function.widths or ((inputs, 5, 3, 1) if 3 <= inputs <= 6 else (inputs, 5, 1))


def trained(function: Function, x: Array, y: Array, seed: int, preset: str) -> Callable[[Array], Array]:
    """Trains on rows and gives what answers for others; several outputs are classes, whose number is the answer."""
    widths = widths_of(function)
    if widths[-1] > 1:
        classifier = KanClassifier(hidden=widths[1:-1], preset=preset, random_state=seed).fit(x, y)
        return lambda rows: np.asarray(classifier.predict(rows))
    network = fit(Kan(widths), x, y, preset=preset, seed=seed).network

    def outputs(rows: Array) -> Array:
        with torch.no_grad():
            return network(torch.from_numpy(rows)).numpy()[:, 0]

    return outputs


def score(function: Function, seed: int, preset: str) -> Score:
    """Trains once and judges on the test rows."""
    torch.set_num_threads(1)
    started = time.process_time()
    answer = trained(function, *training_rows(function), seed, preset)
    seconds = time.process_time() - started
    test_x, test_y = judging_rows(function)
    variance = float(test_y.var())
    mean_square = float(np.square(answer(test_x) - test_y).mean())
    return Score(mean_square**0.5, 1 - mean_square / variance if variance > 0 else float("nan"), seconds)


def verdict(function: Function, middle: Score) -> tuple[bool | None, bool | None]:
    """Says whether must and goal hold; None where nothing is asked for."""
    if function.must_rmse is not None and function.goal_rmse is not None:
        return middle.rmse <= function.must_rmse, middle.rmse <= function.goal_rmse
    if function.must_r2 is not None and function.goal_r2 is not None:
        return middle.r2 >= function.must_r2, middle.r2 >= function.goal_r2
    return None, None


def median(scores: Iterable[Score]) -> Score:
    """Gives the median of each number."""
    rows = list(scores)
    return Score(*(float(np.median([getattr(row, key) for row in rows])) for key in ("rmse", "r2", "seconds")))


def measured(functions: list[Function], seeds: list[int], preset: str, workers: int) -> Iterator[list[Score]]:
    """Yields each function's scores, seed by seed, in order."""
    if workers == 1:
        yield from ([score(function, seed, preset) for seed in seeds] for function in functions)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = [[pool.submit(score, function, seed, preset) for seed in seeds] for function in functions]
        yield from ([one.result() for one in several] for several in waiting)


def report(functions: list[Function], asked: Any) -> None:
    """Prints the table, then how many musts and goals hold: of all, and of the half not used for tuning."""
    held: list[tuple[int, bool | None, bool | None, bool]] = []
    print("| problem | shape | RMSE | R2 | seconds | must | goal |\n|---|---|---|---|---|---|---|", flush=True)
    for function, scores in zip(functions, measured(functions, asked.seeds, asked.preset, asked.workers), strict=True):
        middle = median(scores)
        must, goal = verdict(function, middle)
        held.append((function.number, must, goal, function.must_rmse is not None))
        words = {True: "met", False: "MISSED", None: "-"}
        shape = ",".join(map(str, widths_of(function)))
        print(
            f"| {function.name} | [{shape}] | {middle.rmse:.2e} | {middle.r2:.7f} | {middle.seconds:.1f} "
            f"| {words[must]} | {words[goal]} |",
            flush=True,
        )
    for label, rows in (("all", held), ("not tuned on (odd numbers)", [row for row in held if row[0] % 2])):
        for kind, by_rmse in (("RMSE asked for", True), ("R2 asked for", False)):
            of = [row for row in rows if row[3] is by_rmse and row[1] is not None]
            print(
                f"{label}, {kind}: must {sum(bool(r[1]) for r in of)}, goal {sum(bool(r[2]) for r in of)} of {len(of)}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=Path, help="folder with problems.json and goals.json")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--preset", default="thorough")
    asked = parser.parse_args()
    functions = load_functions(asked.problems)
    report([function for function in functions if asked.only is None or function.name in asked.only], asked)


if __name__ == "__main__":
    main()
