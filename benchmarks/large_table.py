"""How much memory a training of a million rows takes beside its table, and how long a step does.

    python benchmarks/large_table.py [--rows N] [--steps N] [--optimizer adam|lbfgs]

The table has 10 columns of float64: 9 inputs and a target. What counts: the most resident memory of the process
(ru_maxrss) at the end, less its resident memory after the libraries are loaded, the kernels compiled and a small table
trained; so the table itself counts once, and with it all that training, validation, test scores and statistics hold.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from kan.config import Fit, NetworkConfig
from kan.table_training import TableResult, TableTask, TableTraining

INPUTS = tuple(f"x{i}" for i in range(9))
SMALL, BLOCK = 2_000, 10_000
PAGE_BYTES = resource.getpagesize()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=20, help="of the fit stage; one is 50 batches of Adam")
    parser.add_argument("--optimizer", choices=("adam", "lbfgs"), default="adam")
    parser.add_argument("--quick", action="store_true", help="a sanity run: few steps")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    stage = Fit(optimizer=asked.optimizer, steps=2 if asked.quick else asked.steps, patience=None)
    task = TableTask(INPUTS, ("y",), "regression", (stage,), NetworkConfig((5,)))
    train(table(SMALL), task)
    before = resident_bytes()
    large = table(asked.rows)
    size = sum(column.nbytes for column in large.values())
    started = time.process_time()
    result, steps = train(large, task)
    seconds = time.process_time() - started
    most = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    test = result.metrics["test"]
    assert test is not None
    print("| rows | optimizer | steps | CPU s | table, MB | most memory, MB | tables | test R2 |")
    print("|---|---|---|---|---|---|---|---|")
    print(
        f"| {asked.rows:,} | {asked.optimizer} | {steps} | {seconds:.1f} | {size / 1e6:.1f} | {most / 1e6:.1f} "
        f"| {most / size:.2f} | {test['r2']:.4f} |"
    )


def table(rows: int) -> dict[str, NDArray[np.float64]]:
    """exp(sin(pi x0) + x1^2) + x2 x3 and noise of 0.1, written block by block: only the table itself is left behind."""
    random = np.random.default_rng(0)
    columns = {name: np.empty(rows) for name in (*INPUTS, "y")}
    for start in range(0, rows, BLOCK):
        block = slice(start, min(start + BLOCK, rows))
        x = random.uniform(-1, 1, (len(INPUTS), block.stop - start))
        for name, values in zip(INPUTS, x, strict=True):
            columns[name][block] = values
        noise = random.normal(0, 0.1, block.stop - start)
        columns["y"][block] = np.exp(np.sin(np.pi * x[0]) + x[1] ** 2) + x[2] * x[3] + noise
    return columns


def train(columns: dict[str, NDArray[np.float64]], task: TableTask) -> tuple[TableResult, int]:
    """Gives the result and how many steps were reported."""
    run, steps = TableTraining(columns, task).run(), 0
    while True:
        try:
            steps += not next(run).ended
        except StopIteration as stop:
            return stop.value, steps


def resident_bytes() -> int:
    return PAGE_BYTES * int(Path("/proc/self/statm").read_text().split()[1])


if __name__ == "__main__":
    main()
