"""The picture of the paper: nodes in columns, and on every edge between them its curve in a box.

A product is a node marked × behind the dots of its factors.
"""

from collections.abc import Sequence

from kan.diagram_edges import DrawnEdge
from kan.diagram_marks import PADDING, Box, edge_mark, label, number, text_width

BOX_WIDTH, BOX_HEIGHT, BOX_GAP = 48.0, 34.0, 8.0
NODE_STEP, COLUMN_WIDTH, MARGIN = 36.0, 250.0, 20.0
NAME_WIDTH = 70.0
NODE_RADIUS = 5.0
PRODUCT_RADIUS, FACTOR_RADIUS, FACTOR_STEP, FACTOR_ROOM = 8.0, 3.0, 14.0, 30.0
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
    # Of every column its product nodes, and how many factors each has.
    products = [{}, *({edge.node: edge.factor[1] for edge in group if edge.factor} for group in groups)]
    steps = [[_step(arities.get(node, 1)) for node in nodes] for nodes, arities in zip(columns, products, strict=True)]
    boxes_height = max(len(group) for group in groups) * (BOX_HEIGHT + BOX_GAP)
    height = 2 * MARGIN + max(boxes_height, *(sum(column) for column in steps))
    places = [
        dict(zip(column, _stacked(left + COLUMN_WIDTH * at, steps[at], height), strict=True))
        for at, column in enumerate(columns)
    ]
    links, boxes = [], []
    for at, group in enumerate(groups):
        for k, edge in enumerate(group):
            middle = (left + COLUMN_WIDTH * (at + 0.5), _spread(k, len(group), height))
            end = _factor_place(places[at + 1][edge.node], edge.factor)
            box = _box(edge, middle)
            links.append(_link(edge, places[at][edge.source], box, end))
            boxes.append(_edge(edge, box, is_first=edge is edges[0]))
    nodes = [
        _node(
            names[layers[0] + at][node],
            place,
            "first" if at == 0 else "last" if at == len(layers) else "inner",
            products[at].get(node, 0),
        )
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
        columns[edge.layer - layers[0] + 1].add(edge.node)
    if layers[-1] == len(names) - 2:
        columns[-1] |= set(range(len(names[-1])))
    return [sorted(column) for column in columns]


def _label_room(names: Sequence[str]) -> float:
    widest = max((text_width(name) for name in names), default=0.0)
    return min(max(widest, MIN_LABEL_WIDTH), LABEL_WIDTH) + MARGIN + 14


def _spread(position: int, count: int, height: float) -> float:
    return MARGIN + (position + 0.5) * (height - 2 * MARGIN) / count


def _step(factors: int) -> float:
    return max(NODE_STEP, factors * FACTOR_STEP + NODE_RADIUS)


def _stacked(x: float, steps: Sequence[float], height: float) -> list[Point]:
    """Gives the nodes of a column one below the other, each with its share of the height."""
    share = (height - 2 * MARGIN) / sum(steps)
    return [(x, MARGIN + share * (sum(steps[:k]) + step / 2)) for k, step in enumerate(steps)]


def _factor_place(node: Point, factor: tuple[int, int] | None) -> Point:
    """Gives where a link ends: at the node, or at the dot of one factor before it."""
    if factor is None:
        return node
    place, count = factor
    return node[0] - FACTOR_ROOM + NODE_RADIUS - FACTOR_RADIUS, node[1] + (place - (count - 1) / 2) * FACTOR_STEP


def _box(edge: DrawnEdge, middle: Point) -> Box:
    """Gives the place of an edge: the name of a function stands beside its curve."""
    name = min(text_width(edge.function), NAME_WIDTH) + PADDING if edge.function else 0.0
    width = BOX_WIDTH + name
    return Box(middle[0] - width / 2, middle[1] - BOX_HEIGHT / 2, width, BOX_HEIGHT)


def _edge(edge: DrawnEdge, box: Box, *, is_first: bool) -> str:
    plot, name = Box(box.x, box.y, BOX_WIDTH, box.height), ""
    if edge.function:
        name = label(edge.function, box.x + BOX_WIDTH, box.y + box.height / 2 + 4.5, width=NAME_WIDTH, kind="f")
    return edge_mark(edge, box, plot, is_first=is_first, name=name)


def _link(edge: DrawnEdge, start: Point, box: Box, end: Point) -> str:
    height, bend = box.y + box.height / 2, COLUMN_WIDTH * 0.2
    first = _bow((start[0] + NODE_RADIUS, start[1]), (box.x, height), bend)
    second = _bow((box.x + box.width, height), (end[0] - NODE_RADIUS, end[1]), bend)
    return (
        f'<path class="w {edge.kind}" data-link="{edge.layer},{edge.source},{edge.target}" '
        f'stroke-opacity="{edge.opacity:.2f}" stroke-width="{edge.line_width:.1f}" d="{first}{second}"/>'
    )


def _bow(start: Point, end: Point, bend: float) -> str:
    points = (start[0] + bend, start[1], end[0] - bend, end[1], *end)
    return f"M{number(start[0])} {number(start[1])}C{' '.join(number(value) for value in points)}"


def _node(name: str, place: Point, where: str, factors: int) -> str:
    x, y = place
    circle = _product(place, factors) if factors else _dot(place, NODE_RADIUS)
    if where == "inner":
        above = 5 + (PRODUCT_RADIUS if factors else NODE_RADIUS)
        return circle + label(name, x, y - above, width=COLUMN_WIDTH / 3, anchor="middle", kind="h")
    shift, anchor = (-12, "end") if where == "first" else (12, "start")
    return circle + label(name, x + shift, y + 4.5, width=LABEL_WIDTH, anchor=anchor)


def _product(place: Point, factors: int) -> str:
    """Gives the dots of the factors, joined to a circle with a ×."""
    x, y = place
    dots = [(x - FACTOR_ROOM, y + (k - (factors - 1) / 2) * FACTOR_STEP) for k in range(factors)]
    joins = "".join(f"M{number(a)} {number(b)}L{number(x - PRODUCT_RADIUS)} {number(y)}" for a, b in dots)
    ring = f'<circle class="b" cx="{number(x)}" cy="{number(y)}" r="{PRODUCT_RADIUS:g}"/>'
    sign = f'<text x="{number(x)}" y="{number(y + 4.5)}" text-anchor="middle">×</text>'
    return f'<path class="w" d="{joins}"/>{"".join(_dot(dot, FACTOR_RADIUS) for dot in dots)}{ring}{sign}'


def _dot(place: Point, radius: float) -> str:
    return f'<circle class="n" cx="{number(place[0])}" cy="{number(place[1])}" r="{radius:g}"/>'
