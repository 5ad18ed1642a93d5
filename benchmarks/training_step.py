"""Times one training step of ours beside other KAN libraries and MLPs, one thread, CPU seconds.

    make peers
    python benchmarks/training_step.py [--peer fast-kan=/path/to/checkout] [--quick]

A step is forward, mean squared error and the gradients of all parameters. Peers are in float32; ours is what training
on the CPU runs: float32 kernels (Adam), and beside them float64 (L-BFGS; Adam where a grid is far from zero). Every
library runs in a process of its own; the rounds take turns and the medians are compared. A column "× peer" is the
peer's time divided by that of ours in float32.
fast-kan has Gaussian bumps, grid + 3 of them; pykan runs without its symbolic branch; the MLPs have SiLU, "MLP
parameters" has its hidden layers widened to as many parameters as the KAN. A call above 20 s or 8 GiB is not repeated.
All torch peers flush denormal numbers, which is to their advantage: fast-kan is up to six times slower without.
"""

from __future__ import annotations

import argparse
from itertools import product

from rounds import SHAPES, Case, our_worker, peer_arguments, print_table, workers

BATCHES, GRIDS = (64, 1024, 8192), (5, 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peer_arguments(parser)
    asked = parser.parse_args()
    shapes, batches, grids = (SHAPES[:3], (64, 1024), (5,)) if asked.quick else (SHAPES, BATCHES, GRIDS)
    cases = [Case(widths, grid, rows, "step") for widths, grid, rows in product(shapes, grids, batches)]
    with workers(asked, [our_worker("float32"), our_worker("float64")]) as all_workers:
        print_table(cases, all_workers, 3 if asked.quick else asked.rounds)


if __name__ == "__main__":
    main()
