"""One edge as a picture: its curve on axes in the user's units, where rows were seen, and its formula as text."""

from typing import Any

import numpy as np

from kan.axes import Scale, number_text, scale_of, strip, x_axis, y_axis
from kan.bspline import Array
from kan.curve_formulas import LayerFormulas
from kan.curves import activations, node_names, sum_names
from kan.diagram_marks import Box, label, polyline, rectangle, text_width
from kan.diagram_theme import COLOURS, picture
from kan.errors import InvalidConfig
from kan.state import NetworkState

# As wide as the smallest telephone shows without scrolling.
WIDTH, MARGIN, LINE = 360.0, 16.0, 18.0
PLOT_HEIGHT, STRIP_HEIGHT, AXIS_HEIGHT = 170.0, 22.0, 40.0
FORMULA_LINES = 2
LEVEL_HEIGHT, LEVEL_NAME_WIDTH, VALUE_WIDTH, MAX_LEVELS = 22.0, 130.0, 62.0, 100


def edge_picture(
    state: NetworkState,
    layer: int,
    source: int,
    target: int,
    *,
    theme: str = "auto",
    points: int = 200,
    span: str = "grid",
    x_unit: str | None = None,
    y_unit: str | None = None,
) -> str:
    """Gives the picture of one edge; of a category a bar for each level.

    Args:
        state: the network.
        layer, source, target: which edge.
        theme: "light", "dark" or "auto".
        points: samples of the curve, at least 2.
        span: "grid" or "data", as in `kan.curves.activations`.
        x_unit, y_unit: of the column that the edge leaves and of the target that it enters, where it does.

    Returns:
        one <svg> element without an XML declaration.

    Raises:
        InvalidConfig: no such edge, theme or span.
    """
    if theme not in COLOURS:
        raise InvalidConfig("theme", f"expected one of {', '.join(COLOURS)}")
    found = activations(state, points, span, layer=layer, source=source, target=target)
    (edge,) = found["layers"][0]["edges"]
    names = node_names(state)
    ends = names[layer][source], sum_names(state.layers[layer], names[layer + 1])[target]
    formula = LayerFormulas(state, layer).short(source, target, ends[0])
    head, y = _head(edge, ends, formula)
    y_name = _with_unit(f"adds to {ends[1]}", edge["y_user"], y_unit)
    marks = label(y_name, MARGIN, y + LINE - 4, width=WIDTH - 2 * MARGIN, kind="h")
    if edge["kind"] == "levels":
        body, height = _bars(edge, y + LINE + 4)
    else:
        body, height = _curve(edge, _with_unit(ends[0], edge["x_user"], x_unit), y + LINE + 4)
    words = f"{ends[0]} to {ends[1]}, {_summary(edge)}"
    return picture(f'{head}{marks}<g class="{edge["kind"]}">{body}</g>', WIDTH, height, words, theme)


def _head(edge: dict[str, Any], ends: tuple[str, str], formula: str | None) -> tuple[str, float]:
    """Gives the lines above the plot and where they end."""
    width = WIDTH - 2 * MARGIN
    texts = [(f"{ends[0]} to {ends[1]}", "t"), (_summary(edge), "h")]
    texts += [(line, "f") for line in _lines(formula, width)] if formula else []
    marks = [
        label(text, MARGIN, MARGIN + LINE * at + 8, width=width, kind=kind) for at, (text, kind) in enumerate(texts)
    ]
    return "".join(marks), MARGIN + LINE * len(texts)


def _summary(edge: dict[str, Any]) -> str:
    words = [edge["kind"], f"importance {edge['importance']:.2f}"]
    if edge["symbolic"]:
        words[0] += f" {edge['symbolic']['function']}"
    if edge["r2"] is not None:
        words.append(f"R² {edge['r2']:.4f}" if edge["r2"] >= 0 else "far from the spline it replaced")
    return ", ".join(words)


def _lines(text: str, width: float) -> list[str]:
    """Gives text in few lines, broken at spaces; what does not fit into the last one is cut by whoever draws it."""
    lines, words = [""], text.split(" ")
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer) <= width or not lines[-1] or len(lines) == FORMULA_LINES:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _with_unit(name: str, in_units: list[float] | None, unit: str | None) -> str:
    if in_units is None:
        return f"{name} (network units)"
    return f"{name} ({unit})" if unit else name


def _curve(edge: dict[str, Any], x_name: str, top: float) -> tuple[str, float]:
    """Gives axes, curve and strip of rows, and the height of the whole picture."""
    y = _numbers(edge["y_user"] or edge["y"])
    bottom = top + PLOT_HEIGHT
    heights = scale_of(y, bottom - 6, top + 6)
    left = MARGIN + 8 + max(text_width(text) for text in heights.ticks())
    x = _numbers(edge["x_user"] or edge["x"])
    across = Scale(float(x[0]), float(x[-1]), left, WIDTH - MARGIN)
    finite = np.isfinite(y)
    path = polyline(across.places(x[finite]), heights.places(y[finite]))
    floor = bottom + STRIP_HEIGHT
    marks = [
        y_axis(heights, left),
        f'<path class="c" d="{path}"/>',
        _strip(edge, left, bottom + 4),
        x_axis(across, floor),
        label(x_name, (left + WIDTH - MARGIN) / 2, floor + 34, width=WIDTH - left - MARGIN, anchor="middle", kind="h"),
    ]
    return "".join(marks), floor + AXIS_HEIGHT + 4


def _strip(edge: dict[str, Any], left: float, top: float) -> str:
    """Gives where the training rows were, as bars; what of them lies beyond the curve's ends is left out."""
    if edge["density"] is None or not sum(edge["density"]):
        return ""
    across = Scale(edge["x"][0], edge["x"][-1], left, WIDTH - MARGIN)
    low, high = edge["range"]
    centres = np.linspace(low, high, 2 * len(edge["density"]) + 1)[1::2]
    inside = [k for k, at in enumerate(centres) if edge["x"][0] <= at <= edge["x"][-1]]
    if not inside or across.is_flat:
        return ""
    step = (centres[-1] - centres[0]) / (len(centres) - 1)
    ends = np.array([centres[inside[0]] - step / 2, centres[inside[-1]] + step / 2])
    first, last = np.clip(across.places(ends), left, WIDTH - MARGIN)
    return strip([edge["density"][k] for k in inside], Box(first, top, last - first, STRIP_HEIGHT - 4))


def _bars(edge: dict[str, Any], top: float) -> tuple[str, float]:
    """Gives a bar for each level from 0 to its value, and the height of the whole picture."""
    values = _numbers(edge["y_user"] or edge["y"])[:MAX_LEVELS]
    names = edge["levels"][:MAX_LEVELS]
    room = min(max(text_width(name) for name in names), LEVEL_NAME_WIDTH)
    left = MARGIN + room + 10
    across = scale_of(np.append(values, 0.0), left, WIDTH - MARGIN - VALUE_WIDTH)
    zero, *places = across.places(np.append(0.0, values))
    marks = []
    for at, (name, value, place) in enumerate(zip(names, values, places, strict=True)):
        y = top + at * LEVEL_HEIGHT
        marks.append(label(name, left - 8, y + 15, width=room, anchor="end"))
        bar = Box(min(zero, place), y + 4, max(abs(place - zero), 0.5), LEVEL_HEIGHT - 8)
        marks.append(rectangle(bar, "c", 1))
        marks.append(label(number_text(float(value), 0.0), WIDTH - MARGIN, y + 15, width=VALUE_WIDTH, anchor="end"))
    left_out = len(edge["levels"]) - len(names)
    y = top + len(names) * LEVEL_HEIGHT
    if left_out:
        marks.append(label(f"and {left_out} levels more", MARGIN, y + 15, width=WIDTH - 2 * MARGIN, kind="h"))
    return "".join(marks), y + MARGIN + (LEVEL_HEIGHT if left_out else 0.0)


def _numbers(values: list[float | None]) -> Array:
    return np.array([np.nan if value is None else value for value in values])
