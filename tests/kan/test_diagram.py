"""The picture: valid XML whatever the names, the visual rules, and nothing in it but marks."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kan.diagram import diagram
from kan.diagram_marks import Box, curve_path, fitted, text_width
from kan.encoding import ClassOutput, Encoding, Input, LevelsInput, NumberInput
from kan.errors import InvalidConfig
from kan.state import NetworkState
from tests.kan.kernels.cpu.definition import with_products
from tests.kan.networks import random_layer, random_network, with_statistics

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><svg onload=x>',
    "a&b;</text>",
    "]]>",
    "\x00\x1b[31m",
    "\ud800",
    "\u202egnp.exe",
]


def parsed(text: str) -> Any:
    return ElementTree.fromstring(text)


def edges_of(root: Any) -> list[Any]:
    return [group for group in root.iter(f"{SVG}g") if "data-edge" in group.attrib]


def box_of(edge: Any) -> tuple[float, float, float, float]:
    box = edge.find(f"{SVG}rect")
    return tuple(float(box.get(name)) for name in ("x", "y", "width", "height"))  # type: ignore[return-value]


def named(names: list[str], classes: list[str]) -> NetworkState:
    inputs: list[Input] = [NumberInput(name, name, 0.0, 1.0, -1.0, 1.0) for name in names]
    inputs.append(LevelsInput("levels", "levels", ("a", "b", "c"), (1, 1, 1)))
    encoding = Encoding(tuple(inputs), (ClassOutput("kind", tuple(classes)),))
    return random_network(len(inputs), 2, len(classes), levels=encoding.input_levels, encoding=encoding)


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
@pytest.mark.parametrize("view", ["diagram", "matrix", None])
@pytest.mark.parametrize("widths", [(1, 1), (2, 5, 1), (8, 6, 2), (10, 20), (60, 1), (1, 50), (3, 4, 3, 2)])
def test_every_live_edge_is_drawn_once(widths: tuple[int, ...], view: str | None, theme: str) -> None:
    root = parsed(diagram(with_statistics(random_network(*widths)), theme=theme, view=view))
    drawn = [edge.get("data-edge") for edge in edges_of(root)]
    expected = sum(a * b for a, b in pairwise(widths))
    assert len(drawn) == len(set(drawn)) == expected


@pytest.mark.parametrize("view", ["diagram", "matrix"])
@pytest.mark.parametrize("widths", [(2, 5, 1), (8, 6, 2), (10, 20), (40, 1)])
def test_boxes_are_high_enough_apart_and_inside_the_picture(widths: tuple[int, ...], view: str) -> None:
    root = parsed(diagram(random_network(*widths), view=view))
    boxes = [box_of(edge) for edge in edges_of(root)]
    for x, y, width, height in boxes:
        assert height >= 28
        assert 0 <= x <= x + width <= float(root.get("width"))
        assert 0 <= y <= y + height <= float(root.get("height"))
    for one, other in combinations(boxes, 2):
        apart = [abs(one[axis] - other[axis]) >= max(one[axis + 2], other[axis + 2]) for axis in (0, 1)]
        assert any(apart)


def test_matrix_is_the_default_above_forty_live_edges_in_a_layer() -> None:
    forty, more = random_network(8, 5), random_network(41, 1)
    assert diagram(forty) == diagram(forty, view="diagram")
    assert diagram(more) == diagram(more, view="matrix")
    pruned = replace(more.layers[0], mask=np.array([[1.0]] * 40 + [[0.0]]))
    assert "data-link" in diagram(NetworkState((pruned,)))


def test_names_that_attack_stay_text() -> None:
    for view in ("diagram", "matrix"):
        text = diagram(named(HOSTILE, HOSTILE[:3]), view=view)
        root = parsed(text)
        tags = {element.tag.removeprefix(SVG) for element in root.iter()}
        assert tags <= {"svg", "style", "rect", "g", "path", "circle", "text", "title"}
        assert not any(name.startswith("on") or "href" in name for element in root.iter() for name in element.attrib)
        assert "\u202e" not in text
        assert "alert(1)" in text


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5), st.sampled_from(["diagram", "matrix"]))
def test_any_names_give_valid_xml_that_encodes(names: list[str], view: str) -> None:
    parsed(diagram(named(names, ["p", "q"]), view=view).encode("utf-8").decode("utf-8"))


def test_long_name_is_cut_and_whole_in_its_title() -> None:
    name = "a very long name of a column that no picture can show as a whole"
    root = parsed(diagram(named([name], ["p", "q"])))
    shown = next(text for text in root.iter(f"{SVG}text") if text.text.startswith("a very"))
    assert shown.text.endswith("…")
    assert shown.find(f"{SVG}title").text == name


@given(st.text(max_size=80), st.floats(20, 300))
def test_fitted_text_fits(text: str, width: float) -> None:
    assert text_width(fitted(text, width)) <= width


def test_edges_say_what_they_are() -> None:
    edges = edges_of(parsed(diagram(named(["age"], ["p", "q"]))))
    assert re.fullmatch(r"age to h0, importance \d\.\d\d, spline", edges[0].get("aria-label"))
    assert re.fullmatch(r"levels to h0, importance \d\.\d\d, levels", edges[2].get("aria-label"))
    assert [edge.get("tabindex") for edge in edges] == ["0"] + ["-1"] * (len(edges) - 1)
    assert all(edge.find(f"{SVG}title").text == edge.get("aria-label") for edge in edges)


def test_levels_are_bars_and_splines_lines() -> None:
    edges = edges_of(parsed(diagram(named(["age"], ["p", "q"]))))
    assert edges[0].find(f"{SVG}path").get("d").count("z") == 0
    assert edges[2].find(f"{SVG}path").get("d").count("z") == 3


@pytest.mark.parametrize("view", ["diagram", "matrix"])
def test_layer_without_a_live_edge_does_not_break_the_picture(view: str) -> None:
    dead = replace(random_layer(3, 1), mask=np.zeros((3, 1)))
    assert len(edges_of(parsed(diagram(NetworkState((random_layer(2, 3), dead)), view=view)))) == 6


def test_top_keeps_the_most_important_edges() -> None:
    state = with_statistics(random_network(10, 10, 1))
    drawn = edges_of(parsed(diagram(state, top=7)))
    assert len(drawn) == 7
    importances = [float(edge.get("aria-label").split("importance ")[1][:4]) for edge in drawn]
    everything = edges_of(parsed(diagram(state)))
    limit = sorted((float(edge.get("aria-label").split("importance ")[1][:4]) for edge in everything), reverse=True)[6]
    assert min(importances) >= limit


def test_pruned_edges_are_shown_beside_the_most_important_live_ones() -> None:
    state = with_statistics(random_network(10, 10, 1))
    mask = state.layers[0].mask.copy()
    mask[0, :3] = 0.0
    pruned = replace(state, layers=(replace(state.layers[0], mask=mask), *state.layers[1:]))
    drawn = edges_of(parsed(diagram(pruned, top=7, pruned=True)))
    assert [edge.get("data-edge") for edge in drawn if "pruned" in edge.get("class")] == ["0,0,0", "0,0,1", "0,0,2"]
    assert len(drawn) == 10


def test_layer_shows_that_layer_alone() -> None:
    state = random_network(2, 3, 1)
    for view in ("diagram", "matrix"):
        drawn = edges_of(parsed(diagram(state, layer=1, view=view)))
        assert [edge.get("data-edge") for edge in drawn] == ["1,0,0", "1,1,0", "1,2,0"]


@pytest.mark.parametrize("value", [0.0, 1e-300, -1e300, 1e300])
def test_constant_and_huge_curves_hold_no_nan(value: float) -> None:
    layer = random_layer(2, 1, levels=(None, 2))
    flat = replace(
        layer,
        coefficients=np.full_like(layer.coefficients, value),
        spline_weight=np.ones((2, 1)),
        base_weight=np.zeros((2, 1)),
        levels=(replace(layer.levels[0], values=np.full((3, 1), value)),),
    )
    assert not re.search(r"nan|inf", diagram(NetworkState((flat,))).split("</style>")[1])


@pytest.mark.parametrize(
    "options",
    [{"theme": "blue"}, {"view": "list"}, {"layer": 2}, {"layer": -1}, {"top": 0}, {"points": 1}, {"points": 2001}],
)
def test_options_outside_their_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig):
        diagram(random_network(2, 3, 1), **options)


def test_two_hundred_edges_stay_below_300_kilobytes() -> None:
    assert len(diagram(random_network(10, 20)).encode()) < 300_000


@pytest.mark.parametrize("view", ["diagram", "matrix"])
def test_products_are_drawn_with_all_edges_of_their_factors(view: str) -> None:
    text = diagram(with_products(), view=view)
    edges = edges_of(parsed(text))
    assert len(edges) == 3 * 7 + 4 * 2
    assert [edge.get("aria-label").split(",")[0] for edge in edges[2:5]] == [
        "x1 to h2 ×1",
        "x1 to h2 ×2",
        "x1 to h3 ×1",
    ]


def test_product_stands_behind_a_dot_for_each_factor_and_links_end_there() -> None:
    root = parsed(diagram(with_products(), view="diagram"))
    signs = [text for text in root.iter(f"{SVG}text") if text.text == "×"]
    assert len(signs) == 2
    dots = {(c.get("cx"), c.get("cy")) for c in root.iter(f"{SVG}circle") if c.get("r") == "3"}
    assert len(dots) == 5
    ends = {
        path.get("d").split(" ")[-2:][1] for path in root.iter(f"{SVG}path") if path.get("data-link", "9")[0] == "0"
    }
    assert {y for _, y in dots} <= ends


def test_output_that_is_a_product_is_drawn() -> None:
    layer = replace(random_layer(2, 3), products=(3,))
    assert "y1" in diagram(NetworkState((layer,)), view="diagram")


@pytest.mark.parametrize("view", ["diagram", "matrix"])
def test_on_a_shared_scale_a_curve_of_half_the_height_has_half_the_height(view: str) -> None:
    layer = random_layer(1, 2, seed=3)
    halves = replace(
        layer,
        coefficients=layer.coefficients[:, :, :1] * np.array([1.0, 0.5]),
        base_weight=layer.base_weight[:, :1] * np.array([1.0, 0.5]),
        spline_weight=np.ones((1, 2)),
        mask=np.ones((1, 2)),
    )

    def heights(shared: bool) -> list[float]:
        edges = edges_of(parsed(diagram(NetworkState((halves,)), view=view, shared_scale=shared)))
        return [float(np.ptp(heights_of(edge.find(f"{SVG}path").get("d")))) for edge in edges]

    own, shared = heights(False), heights(True)
    assert own[0] == pytest.approx(own[1], abs=0.3)
    assert shared[1] / shared[0] == pytest.approx(0.5, abs=0.02)


def heights_of(path: str) -> Any:
    """The y of every point of a path of relative steps."""
    start, _, steps = path.removeprefix("M").partition("l")
    return float(start.split()[1]) + np.cumsum([0.0, *map(float, steps.split()[1::2])])


def test_a_curve_whose_ends_are_further_apart_than_a_float_tells_is_drawn_as_a_nearer_one() -> None:
    x, y = np.linspace(0.0, 1.0, 5), np.array([-1.0, -0.5, 0.0, 0.25, 1.0])
    far = curve_path(x, y * 1.7e308, Box(0.0, 0.0, 100.0, 50.0))
    assert far == curve_path(x, y, Box(0.0, 0.0, 100.0, 50.0))
