"""Times the pictures of networks of 1 to 1,000 edges, a quarter of them formulas: CPU milliseconds and kilobytes.

    OMP_NUM_THREADS=1 python benchmarks/diagram.py [--rounds 20]

A picture is made of a network in memory and is text when the clock stops. Must: 44 ms for 200 edges.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import time
from collections.abc import Callable

import numpy as np

from kan.diagram import diagram
from kan.edge_picture import edge_picture
from kan.network import Kan
from kan.snapped import with_formula
from kan.state import EdgeFormula, NetworkState
from kan.statistics import with_statistics

# 1, 15, 60, 200 and 1,000 edges.
SHAPES = ((1, 1), (2, 5, 1), (10, 5, 2), (10, 20), (20, 50))
FUNCTIONS = ("sin", "x^2", "tanh", "gaussian")
ROWS, SEED = 1000, 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="the median of so many is told")
    asked = parser.parse_args()
    print("| edges | picture | CPU ms | kB | kB gzipped |")
    print("|" + " --- |" * 5)
    for widths in SHAPES:
        state = network(widths)
        edges = sum(int(layer.live.sum()) for layer in state.layers)
        for view in ("diagram", "matrix"):
            print_line(edges, view, asked.rounds, lambda view=view, state=state: diagram(state, view=view))
    print_line(1, "one edge on axes", asked.rounds, lambda: edge_picture(state, 0, 0, 0))


def network(widths: tuple[int, ...]) -> NetworkState:
    """Gives a network with start values, as if it had seen rows, every fourth edge a formula."""
    state = Kan(widths, grid=5, seed=SEED).state()
    for index, layer in enumerate(state.layers):
        for number, (source, target) in enumerate(np.argwhere(layer.live)):
            if number % 4 == 1:
                formula = EdgeFormula(int(source), int(target), FUNCTIONS[number // 4 % 4], 1.0, 2.0, 0.3, 0.0)
                state = with_formula(state, index, formula)
    return with_statistics(state, np.random.default_rng(SEED).uniform(-1.0, 1.0, (ROWS, widths[0])))


def print_line(edges: int, name: str, rounds: int, draw: Callable[[], str]) -> None:
    text, seconds = draw(), []
    for _ in range(rounds):
        start = time.process_time()
        draw()
        seconds.append(time.process_time() - start)
    data = text.encode()
    sizes = f"{len(data) / 1000:.1f} | {len(gzip.compress(data)) / 1000:.1f}"
    print(f"| {edges} | {name} | {1000 * statistics.median(seconds):.1f} | {sizes} |", flush=True)


if __name__ == "__main__":
    main()
