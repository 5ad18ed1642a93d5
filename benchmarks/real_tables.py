"""Real tables: our presets beside a linear model, an MLP and gradient boosting, on the same splits in one run.

    OMP_NUM_THREADS=1 python benchmarks/real_tables.py [--only concrete penguins] [--seeds 0 1 2] [--presets balanced]

A seed shuffles the rows, a fifth of them judges. Every method gets the other rows; ours splits its own validation rows
off them. The peers are scikit-learn's at their defaults (the MLP of two layers of 100, inputs scaled). Printed are
means over the seeds, the worst split, and the worst gap of one split to the linear model and to the additive KAN (five
additive networks, averaged); seconds are CPU seconds of one training and prediction on one thread.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from table_data import TABLES, Asked, RealTable
from table_methods import PEERS, Scores, Split, draw_split, kan_scores, peer_scores

from kan.kernels.cpu.warm import warm

# No split may fall further below the additive KAN.
LARGEST_GAP = 0.05
ADDITIVE = "additive"
AT_MOST = ("log_loss", "seconds")
HEADER = (
    "table | method | r2 or accuracy | log-loss | seconds | worst split | gap to linear | to additive | must | goal"
)


def timed(method: str, split: Split) -> Scores:
    """Gives the scores of a method with the CPU seconds they took."""
    started = time.process_time()
    scores = peer_scores(split, method) if method in PEERS else kan_scores(split, method)
    return {**scores, "seconds": time.process_time() - started}


def first_score(scores: Scores) -> float:
    """Gives r2 or accuracy."""
    return scores["r2"] if "r2" in scores else scores["accuracy"]


def worst_gap(rows: list[Scores], others: list[Scores]) -> float:
    """Gives how far the worst split is below the other method's score on it; negative where it is above."""
    return max(first_score(other) - first_score(row) for row, other in zip(rows, others, strict=True))


def verdict(table: RealTable, asked: Asked, method: str, found: dict[str, list[Scores]]) -> str:
    """Says whether all that is asked for holds, and if not what is missed."""
    means = mean_scores(found[method])
    missed = [key for key, value in asked.items() if (means[key] > value if key in AT_MOST else means[key] < value)]
    if table.ahead_of and first_score(means) < first_score(mean_scores(found[table.ahead_of])):
        missed.append(f"ahead of {table.ahead_of}")
    if worst_gap(found[method], found["linear"]) > table.largest_gap:
        missed.append("gap to linear")
    if worst_gap(found[method], found[ADDITIVE]) > LARGEST_GAP:
        missed.append("gap to additive")
    return f"MISSED {', '.join(missed)}" if missed else "met"


def mean_scores(rows: list[Scores]) -> Scores:
    """Gives the mean of each score."""
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def line(name: str, method: str, found: dict[str, list[Scores]], verdicts: list[str]) -> str:
    """Gives one line of the table."""
    means = mean_scores(found[method])
    cells = [
        name,
        method if method in PEERS else f"kan {method}",
        f"{first_score(means):.4f}",
        f"{means['log_loss']:.4f}" if "log_loss" in means else "-",
        f"{means['seconds']:.2f}",
        f"{min(first_score(row) for row in found[method]):.4f}",
        *(f"{worst_gap(found[method], found[other]):.4f}" for other in ("linear", ADDITIVE)),
        *(verdicts or ["-", "-"]),
    ]
    return f"| {' | '.join(cells)} |"


def measure(name: str, seeds: list[int], presets: list[str]) -> None:
    """Prints one line a method."""
    table = TABLES[name]
    try:
        columns = table.load()
    except FileNotFoundError as error:
        print(f"| {name} | left out: {error} |", flush=True)
        return
    found: dict[str, list[Scores]] = {}
    for seed in seeds:
        split = draw_split(table, columns, seed)
        for method in (*presets, ADDITIVE, *PEERS):
            found.setdefault(method, []).append(timed(method, split))
    for method in found:
        asked = (table.must, table.goal) if method in presets else ()
        verdicts = [verdict(table, bounds, method, found) for bounds in asked]
        print(line(name, method, found, verdicts), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--presets", nargs="+", default=["quick", "balanced"])
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    warm()
    print(f"| {HEADER} |\n|{'---|' * (HEADER.count('|') + 1)}", flush=True)
    for name in asked.only:
        measure(name, asked.seeds, asked.presets)


if __name__ == "__main__":
    main()
