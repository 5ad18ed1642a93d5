"""The picture of the paper: nodes in columns, and on every edge between them its curve in a box."""

from collections.abc import Sequence

from kan.diagram_edges import DrawnEdge
from kan.diagram_marks import Box, edge_mark, label, number, text_width

BOX_WIDTH, BOX_HEIGHT, BOX_GAP = 48.0, 34.0, 8.0
NODE_STEP, COLUMN_WIDTH, MARGIN = 36.0, 250.0, 20.0
NODE_RADIUS = 5.0
LABEL_WIDTH, MIN_LABEL_WIDTH = 190.0, 30.0

Point = tuple[float, float]


def network_view(
    edges: Sequence[DrawnEdge], names: Sequence[Sequence[str]], layers: Sequence[int]
) -> tuple[str, float, float]:
    """Gives the marks, the width and the height in px.

    A node without a drawn edge is left out, but for the outputs.

    Args:
        edges: at least one.
        names: of every column of nodes of the network.
        layers: indices of the layers drawn, one after the other.
    """
    columns = _columns(edges, names, layers)
    left = _label_room([names[layers[0]][node] for node in columns[0]])
    right = _label_room([names[layers[-1] + 1][node] for node in columns[-1]])
    groups = [[edge for edge in edges if edge.layer == layer] for layer in layers]
    height = 2 * MARGIN + max(
        max(len(group) for group in groups) * (BOX_HEIGHT + BOX_GAP),
        max(len(column) for column in columns) * NODE_STEP,
    )
    places = [
        {node: (left + COLUMN_WIDTH * at, _spread(k, len(column), height)) for k, node in enumerate(column)}
        for at, column in enumerate(columns)
    ]
    links, boxes = [], []
    for at, group in enumerate(groups):
        for k, edge in enumerate(group):
            middle = (left + COLUMN_WIDTH * (at + 0.5), _spread(k, len(group), height))
            links.append(_link(edge, places[at][edge.source], middle, places[at + 1][edge.target]))
            box = Box(middle[0] - BOX_WIDTH / 2, middle[1] - BOX_HEIGHT / 2, BOX_WIDTH, BOX_HEIGHT)
            boxes.append(edge_mark(edge, box, is_first=edge is edges[0]))
    nodes = [
        _node(names[layers[0] + at][node], place, "first" if at == 0 else "last" if at == len(layers) else "inner")
        for at, column in enumerate(places)
        for node, place in column.items()
    ]
    # Links lie below and take no clicks: else one would catch those meant for a neighbour's box.
    marks = f'<g aria-hidden="true" pointer-events="none">{"".join(links)}</g>{"".join(boxes)}{"".join(nodes)}'
    return marks, left + right + COLUMN_WIDTH * len(layers), height


def _columns(edges: Sequence[DrawnEdge], names: Sequence[Sequence[str]], layers: Sequence[int]) -> list[list[int]]:
    """Gives the nodes to show in each column."""
    columns: list[set[int]] = [set() for _ in range(len(layers) + 1)]
    for edge in edges:
        columns[edge.layer - layers[0]].add(edge.source)
        columns[edge.layer - layers[0] + 1].add(edge.target)
    if layers[-1] == len(names) - 2:
        columns[-1] |= set(range(len(names[-1])))
    return [sorted(column) for column in columns]


def _label_room(names: Sequence[str]) -> float:
    widest = max((text_width(name) for name in names), default=0.0)
    return min(max(widest, MIN_LABEL_WIDTH), LABEL_WIDTH) + MARGIN + 14


def _spread(position: int, count: int, height: float) -> float:
    return MARGIN + (position + 0.5) * (height - 2 * MARGIN) / count


def _link(edge: DrawnEdge, start: Point, middle: Point, end: Point) -> str:
    half, bend = BOX_WIDTH / 2, COLUMN_WIDTH * 0.2
    first = _bow((start[0] + NODE_RADIUS, start[1]), (middle[0] - half, middle[1]), bend)
    second = _bow((middle[0] + half, middle[1]), (end[0] - NODE_RADIUS, end[1]), bend)
    return (
        f'<path class="w {edge.kind}" data-link="{edge.layer},{edge.source},{edge.target}" '
        f'stroke-opacity="{edge.opacity:.2f}" stroke-width="{edge.line_width:.1f}" d="{first}{second}"/>'
    )


def _bow(start: Point, end: Point, bend: float) -> str:
    points = (start[0] + bend, start[1], end[0] - bend, end[1], *end)
    return f"M{number(start[0])} {number(start[1])}C{' '.join(number(value) for value in points)}"


def _node(name: str, place: Point, where: str) -> str:
    x, y = place
    circle = f'<circle class="n" cx="{number(x)}" cy="{number(y)}" r="{NODE_RADIUS:g}"/>'
    if where == "inner":
        return circle + label(name, x, y - 10, width=COLUMN_WIDTH / 3, anchor="middle", kind="h")
    shift, anchor = (-12, "end") if where == "first" else (12, "start")
    return circle + label(name, x + shift, y + 4.5, width=LABEL_WIDTH, anchor=anchor)
