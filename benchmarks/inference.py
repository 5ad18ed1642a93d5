"""Times prediction of ours beside other KAN libraries and MLPs, one thread, CPU seconds.

    make peers
    python benchmarks/inference.py [--peer fast-kan=/path/to/checkout] [--quick]

Ours is `kan.compiled_predictor`, which the service answers with: in float64, as every JSON answer, and in float32, as
the peers count, which run in eval mode and without a graph on arrays of their own kind. A column "× peer" is the peer's
time divided by ours: in float64 / in float32.
"""

from __future__ import annotations

import argparse
from itertools import product

from peers.protocol import OURS, Worker
from rounds import SHAPES, Case, measure, peer_arguments, ratio, workers

ROWS, GRIDS = (1, 4096), (5, 20)
PRECISIONS = ("float64", "float32")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peer_arguments(parser)
    asked = parser.parse_args()
    shapes, grids = (SHAPES[:3], (5,)) if asked.quick else (SHAPES, GRIDS)
    cases = [Case(widths, grid, rows, "predict") for widths, grid, rows in product(shapes, grids, ROWS)]
    with workers(asked, [Worker(name, "ours", name, OURS) for name in PRECISIONS]) as all_workers:
        _print_table(cases, all_workers, 3 if asked.quick else asked.rounds)


def _print_table(cases: list[Case], all_workers: list[Worker], rounds: int) -> None:
    peers = [worker.name for worker in all_workers if worker.name not in PRECISIONS]
    heads = [*(f"{name}, µs" for name in PRECISIONS), *(f"× {name}" for name in peers)]
    print(f"| shape | grid | rows | {' | '.join(heads)} |")
    print("|" + " --- |" * (3 + len(heads)))
    for case in cases:
        times = measure(case, all_workers, rounds)
        ours = [ratio(times[name], 1e-6) for name in PRECISIONS]
        theirs = [" / ".join(dict.fromkeys(ratio(times[peer], times[name]) for name in PRECISIONS)) for peer in peers]
        print(f"| {case.label} | {' | '.join([*ours, *theirs])} |", flush=True)


if __name__ == "__main__":
    main()
