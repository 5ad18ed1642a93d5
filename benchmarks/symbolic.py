"""Formulas found from rows: the 26 Feynman problems of up to three variables, beside pyoperon and pykan.

    python benchmarks/symbolic.py [--set held_out] [--seed 0] [--rows 1000] [--limit 60] [--only I.12.5 ...]
        [--peers ours pyoperon]

The set `held_out` has twelve formulas of the same style that nothing was chosen by.

A formula is exact where its RMSE is below 1e-6 of the target's standard deviation on the problem's box, and on a box
1.2 times as large on the rows that are finite and not beyond ten standard deviations. It is judged as text, by an
evaluator that no side uses. Every side has one thread; seconds are CPU seconds. Ours knows no clock: what it takes is
what it takes. pyoperon computes in float32.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from peers.protocol import OURS, PeerFailed, Worker

from benchmarks.problems.expressions import evaluate
from benchmarks.problems.functions import HELD_OUT, Function, Variable, held_out_functions, load_functions, sample

Array = NDArray[np.float64]

EXACT = 1e-6
LARGER_BOX, FARTHEST = 1.2, 10.0
JUDGING_ROWS, JUDGING_SEED = 2000, 1
# Sympy's names for what the language of the problems calls otherwise.
OTHER_NAMES = {"asin(": "arcsin(", "acos(": "arccos(", "atan(": "arctan(", "atanh(": "arctanh(", "Abs(": "abs("}


@dataclass(frozen=True)
class Answer:
    """What one side gave: relative errors on both boxes (infinite without a formula), seconds, or why there is none."""

    inside: float
    outside: float
    seconds: float
    text: str

    @property
    def is_exact(self) -> bool:
        """Whether the formula is the right one."""
        return max(self.inside, self.outside) < EXACT


def workers() -> dict[str, Worker]:
    """Gives the sides."""
    return {
        "ours": Worker("ours", "finds_formulas", environment=OURS),
        "pyoperon": Worker("pyoperon", "with_operon"),
        "pykan": Worker("pykan", "pykan_formulas"),
    }


def problems(set_name: str) -> list[Function]:
    """Gives the Feynman problems of up to three variables, or those held out."""
    if set_name == HELD_OUT:
        return held_out_functions()
    return [f for f in load_functions() if f.set_name == "feynman" and len(f.variables) <= 3]


def ask(worker: Worker, function: Function, rows: int, seed: int, limit: float) -> Answer:
    """Asks one side for the formula of fresh rows and judges what it says."""
    x, y = sample(function, rows, seed)
    arguments = {"names": names(function), "x": x.tolist(), "y": y.tolist(), "seed": seed, "limit_seconds": limit}
    try:
        found = worker.ask("formula", timeout_seconds=4 * limit, **arguments)
    except PeerFailed as failed:
        return Answer(np.inf, np.inf, np.nan, str(failed))
    text = found["formula"]
    if text is None:
        return Answer(np.inf, np.inf, found["seconds"], "splines are left")
    return Answer(*errors(function, text), found["seconds"], text)


def names(function: Function) -> list[str]:
    """Gives names that mean nothing to any side: some read beta, gamma or E as their own."""
    return [f"v{number}" for number in range(1, len(function.variables) + 1)]


def errors(function: Function, text: str) -> tuple[float, float]:
    """Gives the formula's RMSE in standard deviations on the box and on the rows of the larger one."""
    for sympy_name, name in OTHER_NAMES.items():
        text = text.replace(sympy_name, name)
    inner, outer = sample(function, JUDGING_ROWS, JUDGING_SEED), sample(larger(function), JUDGING_ROWS, JUDGING_SEED)
    std = float(inner[1].std())
    return _error(function, text, *inner, std), _error(function, text, *outer, std)


def larger(function: Function) -> Function:
    """Gives the problem on a box 1.2 times as large around the same middle."""
    boxes = []
    for variable in function.variables:
        middle, half = (variable.high + variable.low) / 2, LARGER_BOX * (variable.high - variable.low) / 2
        boxes.append(Variable(variable.name, middle - half, middle + half))
    return Function(**{**vars(function), "variables": tuple(boxes)})


def _error(function: Function, text: str, x: Array, y: Array, std: float) -> float:
    kept = np.isfinite(y) & (np.abs(y) <= FARTHEST * std)
    columns = {name: x[kept, i] for i, name in enumerate(names(function))}
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(evaluate(text, columns, max_length=100_000), dtype=np.float64) * np.ones(int(kept.sum()))
    except (ValueError, SyntaxError, TypeError, RecursionError):
        return np.inf
    error = float(np.sqrt(np.mean((value - y[kept]) ** 2))) / std
    return error if np.isfinite(error) else np.inf


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="feynman", choices=("feynman", HELD_OUT))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for pyoperon; four times as many end a side")
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--peers", nargs="+", default=list(workers()), choices=list(workers()))
    parser.add_argument("--show", action="store_true", help="print the formulas too")
    asked = parser.parse_args()
    sides = {name: worker for name, worker in workers().items() if name in asked.peers}
    exact = dict.fromkeys(sides, 0)
    in_time = dict.fromkeys(sides, 0)
    chosen = [f for f in problems(asked.set) if asked.only is None or f.name in asked.only]
    print("| problem | " + " | ".join(f"{name}: error, larger box, s" for name in sides) + " |")
    print("|" + "---|" * (1 + len(sides)), flush=True)
    for function in chosen:
        cells = []
        for name, worker in sides.items():
            answer = ask(worker, function, asked.rows, asked.seed, asked.limit)
            exact[name] += answer.is_exact
            in_time[name] += answer.is_exact and answer.seconds <= asked.limit
            has_formula = np.isfinite(answer.inside)
            word = "**exact** " if answer.is_exact else "" if has_formula else answer.text[:60] + " "
            cells.append(f"{word}{answer.inside:.1e}, {answer.outside:.1e}, {answer.seconds:.1f}")
            if asked.show and has_formula:
                cells[-1] += f" `{answer.text}`"
        print(f"| {function.name} | " + " | ".join(cells) + " |", flush=True)
    for name, worker in sides.items():
        share = 100 * in_time[name] / len(chosen)
        print(f"{name}: {exact[name]} of {len(chosen)} exact, {in_time[name]} within {asked.limit:g} s ({share:.0f} %)")
        worker.close()


if __name__ == "__main__":
    main()
