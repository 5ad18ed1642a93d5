"""The network as SVG text: the paper's diagram, or a matrix of small multiples where there are many edges."""

from collections.abc import Sequence

from kan.curves import node_names, sum_names
from kan.diagram_edges import DrawnEdge, drawn_edges
from kan.diagram_marks import escaped, label
from kan.diagram_matrix import matrix_view
from kan.diagram_network import network_view
from kan.errors import InvalidConfig
from kan.state import NetworkState

MAX_DIAGRAM_EDGES = 40
MAX_POINTS = 2000

_LIGHT = (
    "--kan-surface:#ffffff;--kan-ink:#1b2430;--kan-muted:#566173;--kan-line:#33415c;--kan-box:#ffffff;"
    "--kan-frame:#7b8798;--kan-curve:#1d4ea8;--kan-focus:#0b57d0"
)
_DARK = (
    "--kan-surface:#10151c;--kan-ink:#e8ecf3;--kan-muted:#a7b1c2;--kan-line:#9db2d8;--kan-box:#161d27;"
    "--kan-frame:#6c7a90;--kan-curve:#8ab4ff;--kan-focus:#a8c7ff"
)
# Colours only as variables: a page that shows the picture may set its own.
_COLOURS = {
    "light": f".kan{{{_LIGHT}}}",
    "dark": f".kan{{{_DARK}}}",
    "auto": f".kan{{{_LIGHT}}}@media (prefers-color-scheme:dark){{:root:not([data-theme=light]) .kan,svg.kan:root"
    f"{{{_DARK}}}}}:root[data-theme=dark] .kan{{{_DARK}}}",
}
_RULES = (
    ".kan .s{fill:var(--kan-surface)}"
    '.kan text{font:13px system-ui,"DejaVu Sans",sans-serif;fill:var(--kan-ink)}'
    ".kan .t{font-weight:600}"
    ".kan .h{font-size:12px;fill:var(--kan-muted);stroke:var(--kan-surface);stroke-width:3px;paint-order:stroke}"
    ".kan .w{fill:none;stroke:var(--kan-line)}"
    ".kan .b{fill:var(--kan-box);stroke:var(--kan-frame)}"
    ".kan .c{fill:none;stroke:var(--kan-curve);stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}"
    ".kan .levels .c{fill:var(--kan-curve);fill-opacity:.25;stroke-width:1}"
    ".kan .i{fill:var(--kan-curve)}"
    ".kan .n{fill:var(--kan-ink)}"
    ".kan .e:focus{outline:none}"
    ".kan .e:hover .b,.kan .e:focus-visible .b{stroke:var(--kan-focus);stroke-width:2.5}"
)


def diagram(
    state: NetworkState,
    *,
    theme: str = "auto",
    view: str | None = None,
    layer: int | None = None,
    top: int | None = None,
    points: int = 40,
) -> str:
    """Gives the picture of a network: importance as opacity and line width, pruned edges left out.

    Args:
        state: the network.
        theme: "light", "dark", or "auto" = what the reader's system or page prefers.
        view: "diagram" or "matrix"; None = a matrix where a layer has more than 40 live edges.
        layer: only this layer; None = all, in a matrix one below the other.
        top: only so many edges, the most important ones.
        points: samples of each curve, 2 to 2000.

    Returns:
        one <svg> element without an XML declaration; it holds no script and asks for nothing else.

    Raises:
        InvalidConfig: an option outside its range.
    """
    layers = _check(state, theme, view, layer, top, points)
    names = node_names(state)
    targets = [sum_names(held, names[index + 1]) for index, held in enumerate(state.layers)]
    edges = drawn_edges(state, names, targets, layers, top, points)
    is_matrix = (view or _default_view(edges)) == "matrix"
    marks, width, height = (
        _nothing()
        if not edges
        else matrix_view(edges, names, targets, layers)
        if is_matrix
        else network_view(edges, names, layers)
    )
    words = escaped(f"Network {'-'.join(map(str, state.widths))}, {len(edges)} edges shown")
    return (
        f'<svg class="kan" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="group" aria-label="{words}">'
        f"<style>{_COLOURS[theme]}{_RULES}</style>"
        f'<rect class="s" width="100%" height="100%"/>{marks}</svg>'
    )


def _default_view(edges: Sequence[DrawnEdge]) -> str:
    counts = [sum(edge.layer == index for edge in edges) for index in {edge.layer for edge in edges}]
    return "matrix" if max(counts, default=0) > MAX_DIAGRAM_EDGES else "diagram"


def _nothing() -> tuple[str, float, float]:
    return label("Every edge is pruned: the answer is a constant.", 20, 34, width=400), 440.0, 60.0


def _check(
    state: NetworkState, theme: str, view: str | None, layer: int | None, top: int | None, points: int
) -> list[int]:
    """Refuses options outside their range; gives the layers to draw."""
    if theme not in _COLOURS:
        raise InvalidConfig("theme", f"expected one of {', '.join(_COLOURS)}")
    if view not in (None, "diagram", "matrix"):
        raise InvalidConfig("view", "expected diagram or matrix")
    if layer is not None and not 0 <= layer < len(state.layers):
        raise InvalidConfig("layer", f"expected a layer between 0 and {len(state.layers) - 1}")
    if top is not None and top < 1:
        raise InvalidConfig("top", "expected at least 1")
    if not 2 <= points <= MAX_POINTS:
        raise InvalidConfig("points", f"expected between 2 and {MAX_POINTS}")
    return list(range(len(state.layers))) if layer is None else [layer]
