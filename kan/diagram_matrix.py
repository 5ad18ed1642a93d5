"""Small multiples: one cell per edge, a layer after the other; stays readable with hundreds of edges."""

from collections.abc import Sequence

from kan.diagram_edges import DrawnEdge
from kan.diagram_marks import BAR_HEIGHT, PADDING, Box, edge_mark, label, text_width

CELL_WIDTH, CELL_HEIGHT, CELL_GAP = 82.0, 50.0, 6.0
# What a layer's cells are higher by where some edges are formulas: their function's name.
NAME_HEIGHT = 14.0
TITLE_HEIGHT, HEADING_HEIGHT, LAYER_GAP, MARGIN = 26.0, 24.0, 24.0, 16.0
LABEL_WIDTH = 190.0
# Cells in a row where a single node's edges are laid out as text is.
WRAP_COLUMNS = 8

Block = tuple[list[str], float, float]


def matrix_view(
    edges: Sequence[DrawnEdge],
    names: Sequence[Sequence[str]],
    targets: Sequence[Sequence[str]],
    layers: Sequence[int],
) -> tuple[str, float, float]:
    """Gives the marks, the width and the height in px.

    Args:
        edges: at least one.
        names: of every column of nodes of the network.
        targets: of the sums of every layer.
        layers: indices of the layers drawn, one below the other.
    """
    marks: list[str] = []
    width, y = 0.0, MARGIN
    for layer in layers:
        group = [edge for edge in edges if edge.layer == layer]
        if not group:
            continue
        counts = len({edge.source for edge in group}), len({edge.target for edge in group})
        marks.append(_title(layer, group, y))
        draw = _wrapped if min(counts) == 1 and len(group) > 1 else _table
        block, block_width, block_height = draw(group, names[layer], targets[layer], y + TITLE_HEIGHT, edges[0])
        marks += block
        width, y = max(width, block_width), y + TITLE_HEIGHT + block_height + LAYER_GAP
    return "".join(marks), max(width, 320.0) + MARGIN, y - LAYER_GAP + MARGIN


def _title(layer: int, group: Sequence[DrawnEdge], y: float) -> str:
    live = sum(edge.kind != "pruned" for edge in group)
    words = "1 edge" if live == 1 else f"{live} edges"
    words += f", {len(group) - live} pruned" if live < len(group) else ""
    return label(f"Layer {layer}: {words}", MARGIN, y + 14, width=300, kind="t")


def _cell_height(group: Sequence[DrawnEdge]) -> float:
    return CELL_HEIGHT + (NAME_HEIGHT if any(edge.function for edge in group) else 0.0)


def _cell(edge: DrawnEdge, box: Box, first: DrawnEdge) -> str:
    """Draws one edge: the name of its function above its curve, its importance as a bar below."""
    plot, name = Box(box.x, box.y, box.width, box.height - BAR_HEIGHT), ""
    if edge.function:
        plot = Box(box.x, box.y + NAME_HEIGHT, box.width, plot.height - NAME_HEIGHT)
        name = label(edge.function, box.x + PADDING, box.y + 13, width=box.width - 2 * PADDING, kind="f")
    return edge_mark(edge, box, plot, is_first=edge is first, name=name, has_bar=True)


def _table(
    group: Sequence[DrawnEdge], sources: Sequence[str], targets: Sequence[str], top: float, first: DrawnEdge
) -> Block:
    """Draws rows by columns: sources by targets, or turned where that would be wider than high."""
    from_nodes, to_nodes = sorted({edge.source for edge in group}), sorted({edge.target for edge in group})
    is_turned = len(to_nodes) > max(12, len(from_nodes))
    rows = to_nodes if is_turned else from_nodes
    columns = from_nodes if is_turned else to_nodes
    row_names, column_names = (targets, sources) if is_turned else (sources, targets)
    corner = "to ↓ from →" if is_turned else "from ↓ to →"
    room = min(max(text_width(text) for text in [corner, *(row_names[row] for row in rows)]), LABEL_WIDTH)
    left, cell_height = MARGIN + room + 10, _cell_height(group)
    marks = [label(corner, left - 10, top + 16, width=room + 4, anchor="end", kind="h")]
    for at, column in enumerate(columns):
        middle = left + at * (CELL_WIDTH + CELL_GAP) + CELL_WIDTH / 2
        marks.append(label(column_names[column], middle, top + 16, width=CELL_WIDTH, anchor="middle"))
    for at, row in enumerate(rows):
        y = top + HEADING_HEIGHT + at * (cell_height + CELL_GAP) + cell_height / 2 + 4.5
        marks.append(label(row_names[row], left - 10, y, width=LABEL_WIDTH, anchor="end"))
    for edge in group:
        row, column = (edge.target, edge.source) if is_turned else (edge.source, edge.target)
        x = left + columns.index(column) * (CELL_WIDTH + CELL_GAP)
        y = top + HEADING_HEIGHT + rows.index(row) * (cell_height + CELL_GAP)
        marks.append(_cell(edge, Box(x, y, CELL_WIDTH, cell_height), first))
    width = left + len(columns) * (CELL_WIDTH + CELL_GAP)
    return marks, width, HEADING_HEIGHT + len(rows) * (cell_height + CELL_GAP) - CELL_GAP


def _wrapped(
    group: Sequence[DrawnEdge], sources: Sequence[str], targets: Sequence[str], top: float, first: DrawnEdge
) -> Block:
    """Draws the edges of one node as a block of cells, each under the name of its other end."""
    is_shared_target = len({edge.target for edge in group}) == 1
    width, cell_height = CELL_WIDTH + 24, _cell_height(group)
    height = cell_height + HEADING_HEIGHT
    marks = []
    for at, edge in enumerate(group):
        name = sources[edge.source] if is_shared_target else targets[edge.target]
        row, column = divmod(at, WRAP_COLUMNS)
        x, y = MARGIN + column * (width + CELL_GAP), top + row * (height + CELL_GAP)
        marks.append(label(name, x + 2, y + 16, width=width - 4))
        marks.append(_cell(edge, Box(x, y + HEADING_HEIGHT - 2, width, cell_height), first))
    rows = -(-len(group) // WRAP_COLUMNS)
    return marks, MARGIN + min(len(group), WRAP_COLUMNS) * (width + CELL_GAP), rows * (height + CELL_GAP)
