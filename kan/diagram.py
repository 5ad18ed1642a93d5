"""The network as SVG text: the paper's diagram, or a matrix of small multiples where there are many edges."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from kan.curves import node_names, sum_names
from kan.diagram_edges import MAX_EDGES, DrawnEdge, drawn_edges, on_shared_scale
from kan.diagram_marks import label
from kan.diagram_matrix import matrix_view
from kan.diagram_network import network_view
from kan.diagram_theme import COLOURS, picture
from kan.errors import InvalidConfig
from kan.state import NetworkState

View = Literal["diagram", "matrix"]

MAX_DIAGRAM_EDGES = 40
MAX_POINTS = 2000


def diagram(
    state: NetworkState,
    *,
    theme: str = "auto",
    view: str | None = None,
    layer: int | None = None,
    top: int | None = None,
    points: int = 40,
    pruned: bool = False,
    shared_scale: bool = False,
) -> str:
    """Gives the picture of a network: importance as opacity and line width, formulas with the name of their function.

    Args:
        state: the network.
        theme: "light", "dark", or "auto" = what the reader's system or page prefers.
        view: "diagram" or "matrix"; None = a matrix where a layer has more than 40 live edges.
        layer: only this layer; None = all, in a matrix one below the other.
        top: only so many live edges, the most important ones; never more than 1000 edges in all.
        points: samples of each curve, 2 to 2000.
        pruned: with the pruned edges, as empty dashed boxes.
        shared_scale: with one scale of heights for all curves of a layer; else each fills its own box.

    Returns:
        one <svg> element without an XML declaration; it holds no script and asks for nothing else.

    Raises:
        InvalidConfig: an option outside its range.
    """
    layers = _check(state, theme, view, layer, top, points)
    names = node_names(state)
    targets = [sum_names(held, names[index + 1]) for index, held in enumerate(state.layers)]
    most = min(top or MAX_EDGES, MAX_EDGES)
    edges = drawn_edges(state, names, targets, layers, top=most, points=points, pruned=pruned)
    edges = on_shared_scale(edges) if shared_scale else edges
    is_matrix = (view or _view_of(edges)) == "matrix"
    marks, width, height = (
        _nothing()
        if not edges
        else matrix_view(edges, names, targets, layers)
        if is_matrix
        else network_view(edges, names, layers)
    )
    shape = "-".join(map(str, state.widths))
    return picture(marks, width, height, f"Network {shape}, {_shown(state, layers, edges)}", theme)


def _shown(state: NetworkState, layers: Sequence[int], edges: Sequence[DrawnEdge]) -> str:
    """Says how many edges there are to see, and of how many."""
    live = sum(int(state.layers[index].live.sum()) for index in layers)
    count = sum(edge.kind != "pruned" for edge in edges)
    dashed = len(edges) - count
    words = f"{count} edges shown" if count == live else f"the {count} most important of {live} edges shown"
    return f"{words}, {dashed} pruned" if dashed else words


def default_view(state: NetworkState) -> View:
    """Gives the view that a network is drawn in where none is asked for: "matrix" or "diagram"."""
    return _view_for(int(layer.live.sum()) for layer in state.layers)


def _view_of(edges: Sequence[DrawnEdge]) -> View:
    return _view_for(Counter(edge.layer for edge in edges if edge.kind != "pruned").values())


def _view_for(live_edges: Iterable[int]) -> View:
    return "matrix" if max(live_edges, default=0) > MAX_DIAGRAM_EDGES else "diagram"


def _nothing() -> tuple[str, float, float]:
    return label("Every edge is pruned: the answer is a constant.", 20, 34, width=400), 440.0, 60.0


def _check(
    state: NetworkState, theme: str, view: str | None, layer: int | None, top: int | None, points: int
) -> list[int]:
    """Refuses options outside their range; gives the layers to draw."""
    if theme not in COLOURS:
        raise InvalidConfig("theme", f"expected one of {', '.join(COLOURS)}")
    if view not in (None, "diagram", "matrix"):
        raise InvalidConfig("view", "expected diagram or matrix")
    if layer is not None and not 0 <= layer < len(state.layers):
        raise InvalidConfig("layer", f"expected a layer between 0 and {len(state.layers) - 1}")
    if top is not None and top < 1:
        raise InvalidConfig("top", "expected at least 1")
    if not 2 <= points <= MAX_POINTS:
        raise InvalidConfig("points", f"expected between 2 and {MAX_POINTS}")
    return list(range(len(state.layers))) if layer is None else [layer]
