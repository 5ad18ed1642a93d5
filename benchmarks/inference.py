"""Times prediction of ours beside other KAN libraries and MLPs, one thread, CPU seconds.

    make peers
    python benchmarks/inference.py [--peer fast-kan=/path/to/checkout] [--quick]

Ours is `kan.predictor`, which the service answers with, in float64; peers run in float32, in eval mode and without a
graph, on arrays of their own kind. A column "× peer" is the peer's time divided by ours.
"""

from __future__ import annotations

import argparse
from itertools import product

from rounds import SHAPES, Case, our_worker, peer_arguments, print_table, workers

ROWS, GRIDS = (1, 4096), (5, 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peer_arguments(parser)
    asked = parser.parse_args()
    shapes, grids = (SHAPES[:3], (5,)) if asked.quick else (SHAPES, GRIDS)
    cases = [Case(widths, grid, rows, "predict") for widths, grid, rows in product(shapes, grids, ROWS)]
    with workers(asked, [our_worker()]) as all_workers:
        print_table(cases, all_workers, 3 if asked.quick else asked.rounds)


if __name__ == "__main__":
    main()
