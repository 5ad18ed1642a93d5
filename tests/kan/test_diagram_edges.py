"""The edges of a picture: each kind of edge has its form, the weak give way where there are too many."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kan.diagram import diagram
from kan.diagram_edges import MAX_EDGES
from kan.snapped import with_formula
from kan.state import EdgeFormula, NetworkState
from tests.kan.networks import random_layer, random_network

SVG = "{http://www.w3.org/2000/svg}"
FORMULAS = {
    "everywhere": ("sin", 0.0, 80),
    "on half of the grid": ("log", 0.0, 40),
    "nowhere": ("log", -100.0, 0),
}


def edges_of(text: str) -> dict[str, Any]:
    groups = ElementTree.fromstring(text).iter(f"{SVG}g")
    return {group.get("data-edge", ""): group for group in groups if "data-edge" in group.attrib}


def half_pruned() -> NetworkState:
    return NetworkState((random_layer(3, 2, pruned=((1, 0), (1, 1), (0, 1))), random_layer(2, 1)))


@pytest.mark.parametrize("view", ["diagram", "matrix"])
@pytest.mark.parametrize("name", FORMULAS)
def test_edge_that_is_a_formula_is_drawn_where_it_has_a_value(name: str, view: str) -> None:
    function, shift, points = FORMULAS[name]
    state = random_network(2, 1)
    state = with_formula(state, 0, EdgeFormula(0, 0, function, 1.0, 1.0, shift, 0.0))
    edge = edges_of(diagram(state, view=view, points=80))["0,0,0"]
    assert edge.get("class") == "e symbolic"
    assert edge.get("aria-label").endswith(f"symbolic {function}")
    assert [text.text for text in edge.iter(f"{SVG}text")] == [function]
    path = edge.find(f"{SVG}path").get("d")
    assert "nan" not in path
    # Two numbers a point; the grid is not quite as long on both sides of 0.
    assert abs(len(path.split(" ")) / 2 - points) <= 6
    if name == "on half of the grid":
        box = edge.find(f"{SVG}rect")
        left, width = float(box.get("x")), float(box.get("width"))
        # In the diagram the rest of the box is the function's name.
        width = 48 if view == "diagram" else width
        assert float(path[1:].split(" ")[0]) > left + 0.4 * width


@pytest.mark.parametrize("view", ["diagram", "matrix"])
def test_name_of_a_function_lies_inside_its_box_and_off_the_curve(view: str) -> None:
    state = with_formula(random_network(2, 2), 0, EdgeFormula(0, 1, "gaussian", 1.0, 1.0, 0.0, 0.0))
    edge = edges_of(diagram(state, view=view))["0,0,1"]
    box, text = edge.find(f"{SVG}rect"), edge.find(f"{SVG}text")
    left, top = float(text.get("x")), float(text.get("y")) - 12
    assert float(box.get("x")) <= left
    assert left + 12 * 0.6 * len("gaussian") <= float(box.get("x")) + float(box.get("width"))
    steps = np.array(edge.find(f"{SVG}path").get("d")[1:].replace("l", " ").split(" "), dtype=float).reshape(-1, 2)
    right_end, highest = steps[:, 0].sum(), np.cumsum(steps[:, 1]).min()
    assert right_end <= left if view == "diagram" else highest >= top + 12


def test_pruned_edges_and_their_lonely_nodes_are_left_out() -> None:
    text = diagram(half_pruned())
    assert list(edges_of(text)) == ["0,0,0", "0,2,0", "0,2,1", "1,0,0", "1,1,0"]
    assert {name.text for name in ElementTree.fromstring(text).iter(f"{SVG}text")} == {"x1", "x3", "h0", "h1", "y1"}


@pytest.mark.parametrize("view", ["diagram", "matrix"])
def test_pruned_edges_are_empty_dashed_boxes_when_asked_for(view: str) -> None:
    text = diagram(half_pruned(), view=view, pruned=True)
    edges = edges_of(text)
    assert len(edges) == 8
    pruned = [name for name, edge in edges.items() if edge.get("class") == "e pruned"]
    assert pruned == ["0,0,1", "0,1,0", "0,1,1"]
    assert all(edges[name].find(f"{SVG}path") is None for name in pruned)
    assert re.search(r"\.pruned \.b{[^}]*stroke-dasharray", text)
    assert "5 edges shown, 3 pruned" in text
    assert view == "diagram" or "Layer 0: 3 edges, 3 pruned" in text


def test_beyond_a_thousand_edges_the_most_important_are_drawn_and_the_picture_says_so() -> None:
    layer = replace(random_layer(101, 10), base_weight=np.zeros((101, 10)), spline_weight=np.ones((101, 10)))
    layer.spline_weight[100] = 1e-6
    text = diagram(NetworkState((layer,)), points=2)
    assert len(edges_of(text)) == MAX_EDGES
    assert not any(name.startswith("0,100,") for name in edges_of(text))
    assert "the 1000 most important of 1010 edges shown" in text
