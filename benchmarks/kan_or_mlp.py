"""KAN or MLP: both, the KAN's formula and the linear model on four data sets, the same splits and seeds for all.

    OMP_NUM_THREADS=1 python benchmarks/kan_or_mlp.py [--only concrete penguins] [--seeds 0 1 2] [--without-formula]

Prints the table of docs/kan-or-mlp.md: means over the seeds with standard deviations, and what `kan.comparison_result`
advises. Seconds are CPU seconds on one thread, microseconds are of one row among up to 1,000. Knots are a sample of
1,500 rows; their formula takes two minutes of CPU a
seed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from table_data import TABLES, Columns

from kan.comparison import Comparison, Contest
from kan.comparison_result import ComparisonResult
from kan.comparison_sides import BASELINES
from kan.presets import preset_recipe
from kan.table_training import TableTask

KNOTS_ROWS, CURVE_ROWS = 1_500, 1_000
HEADER = "data | side | R2 or accuracy | RMSE or log-loss | parameters | train CPU s | predict us per row"


def sample(columns: Columns, rows: int) -> Columns:
    chosen = np.random.default_rng(0).permutation(len(next(iter(columns.values()))))[:rows]
    return {name: values[chosen] for name, values in columns.items()}


def curve() -> Columns:
    x1, x2 = np.random.default_rng(0).uniform(-1, 1, (2, CURVE_ROWS))
    return {"x1": x1, "x2": x2, "y": np.exp(np.sin(np.pi * x1) + x2**2)}


PROBLEMS: dict[str, tuple[Callable[[], Columns], str, str]] = {
    "concrete": (TABLES["concrete"].load, "compressive_strength", "regression"),
    "knots": (lambda: sample(TABLES["knots_3"].load(), KNOTS_ROWS), "signature", "classification"),
    "penguins": (TABLES["penguins"].load, "species", "classification"),
    "exp(sin(pi*x1)+x2^2)": (curve, "y", "regression"),
}


def compared(name: str, seeds: tuple[int, ...], preset: str, *, formula: bool) -> ComparisonResult:
    """Gives the comparison on one data set, with or without the formula's side."""
    load, target, kind = PROBLEMS[name]
    columns = load()
    inputs = tuple(column for column in columns if column != target)
    task = TableTask(inputs, (target,), kind, preset_recipe(preset, search=True))
    readable = preset_recipe("interpretable", search=True) if formula else None
    contest = Contest(task, readable, BASELINES, seeds)
    comparison = Comparison(columns, contest, time.process_time)
    for _ in comparison.run():
        pass
    result = ComparisonResult.of(comparison.measured, contest.sides)
    assert result is not None
    return result


def lines(name: str, result: ComparisonResult) -> list[str]:
    """Gives one line a side."""
    found = []
    for side in result.to_json()["sides"]:
        scores = side["metrics"]
        first = scores["r2" if "r2" in scores else "accuracy"]
        cells = [name, side["name"], *(plus_minus(cell) for cell in (first, scores[result.loss]))]
        cells += [f"{side[key]['mean']:.4g}" for key in ("parameters", "train_cpu_seconds")]
        cells.append(f"{side['predict_microseconds_per_row']['mean']:.2g}")
        found.append(f"| {' | '.join(cells)} |")
    return found


def plus_minus(spread: dict[str, float | None]) -> str:
    """Writes mean and standard deviation."""
    deviation = "" if spread["spread"] is None else f" ± {spread['spread']:.2g}"
    return f"{spread['mean']:.4g}{deviation}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--only", nargs="+", choices=PROBLEMS, default=list(PROBLEMS))
    parser.add_argument("--without-formula", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"| {HEADER} |\n|{'---|' * (HEADER.count('|') + 1)}", flush=True)
    told = []
    for name in asked.only:
        result = compared(name, tuple(asked.seeds), asked.preset, formula=not asked.without_formula)
        print("\n".join(lines(name, result)), flush=True)
        formulas = [
            each for side in result.to_json()["sides"] if side["name"] == "formula" for each in side["formulas"]
        ]
        told += [f"{name}: {result.to_json()['advice']}", *(f"  formula: {each}" for each in formulas)]
    print("\n".join(["", *told]), flush=True)


if __name__ == "__main__":
    main()
