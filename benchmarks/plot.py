"""Draws how many times faster than other libraries a step and a prediction are, from the tables of RESULTS.md.

    .venv-peers/bin/python benchmarks/plot.py        # matplotlib comes with the peers

Writes docs/pictures/speed.svg: a dot for each peer, a line for each shape and number of rows, on grid 5.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "RESULTS.md"
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "speed.svg"
PANELS = {"training_step.py": "One training step", "inference.py": "Prediction"}
# Colours that people who see few colours tell apart (Okabe and Ito).
COLOURS = {
    "efficient-kan": "#0072b2",
    "fast-kan": "#e69f00",
    "inkan": "#009e73",
    "pykan": "#d55e00",
    "jaxKAN": "#cc79a7",
    "MLP shape": "#555555",
}
GRID = "5"


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    text = RESULTS.read_text()
    draw({title: ratios(text, name) for name, title in PANELS.items()}, PICTURE)


def ratios(text: str, name: str) -> dict[str, dict[str, float]]:
    """Gives case -> peer -> how many times faster ours is, from the table in the section `## name`.

    Of two ratios in a cell ("float64 / float32") the second counts, the precision of the peers; a reason is left out.
    """
    section = next(part for part in re.split(r"(?m)^## ", text) if part.startswith(name + "\n"))
    lines = [
        [cell.strip() for cell in line.strip("|\n ").split("|")] for line in section.splitlines() if line[:1] == "|"
    ]
    heads, found = lines[0], {}
    for cells in lines[2:]:
        row = dict(zip(heads, cells, strict=False))
        if row.get("grid") == GRID:
            numbers = {peer: _number(row.get(f"× {peer}", "")) for peer in COLOURS}
            found[f"{row['shape']}, {row['rows']}"] = {peer: n for peer, n in numbers.items() if n is not None}
    return found


def _number(cell: str) -> float | None:
    last = cell.rsplit("/", maxsplit=1)[-1].strip().replace(",", "")
    return float(last) if re.fullmatch(r"[0-9.]+", last) else None


def draw(panels: Mapping[str, Mapping[str, Mapping[str, float]]], path: Path) -> None:
    """Draws one panel beside the other, the ratios on a logarithmic axis with a line at 1, "as fast"."""
    from matplotlib import pyplot  # noqa: PLC0415  (only the peers' environment has it)

    pyplot.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "speed", "font.size": 9})
    figure, axes = pyplot.subplots(1, len(panels), figsize=(10, 4), layout="constrained")
    for axis, (title, cases) in zip(axes, panels.items(), strict=True):
        _draw_panel(axis, title, cases)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(COLOURS), frameon=False)
    figure.savefig(path, metadata={"Date": None})


def _draw_panel(axis: Any, title: str, cases: Mapping[str, Mapping[str, float]]) -> None:
    names = list(cases)[::-1]
    for peer, colour in COLOURS.items():
        points = [(cases[name][peer], place) for place, name in enumerate(names) if peer in cases[name]]
        axis.scatter([x for x, _ in points], [y for _, y in points], s=28, color=colour, label=peer, zorder=3)
    axis.axvline(1.0, color="#888888", linewidth=1)
    axis.set_xscale("log")
    axis.set_yticks(range(len(names)), names)
    axis.grid(axis="x", color="#dddddd", linewidth=0.6)
    axis.set_title(title)
    axis.set_xlabel("times as fast as … (left of 1: slower)")
    axis.spines[["top", "right", "left"]].set_visible(False)


if __name__ == "__main__":
    main()
