"""The picture of one edge: axes in the user's units, curve or bars, rows, formula; harmless whatever the names."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kan.edge_picture import MAX_LEVELS, edge_picture
from kan.encoding import Encoding, LevelsInput, NumberInput, NumberOutput
from kan.errors import InvalidConfig
from kan.snapped import with_formula
from kan.state import EdgeFormula, NetworkState
from tests.kan.kernels.cpu.definition import with_products
from tests.kan.networks import random_network, with_statistics

SVG = "{http://www.w3.org/2000/svg}"


def network(name: str = "age", levels: tuple[str, ...] = ("a", "b", "c")) -> NetworkState:
    encoding = Encoding(
        (NumberInput(name, name, 28.0, 27.0, 1.0, 55.0), LevelsInput("island", "island", levels, (1,) * len(levels))),
        (NumberOutput("strength", 35.0, 17.0),),
    )
    return with_statistics(random_network(2, 2, 1, levels=encoding.input_levels, encoding=encoding))


def snapped(function: str = "sin", c: float = 0.0) -> NetworkState:
    return with_formula(network(), 0, EdgeFormula(0, 1, function, 1.23456789, 2.7, c, 0.5))


def texts_of(svg: str) -> list[Any]:
    return [text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def curve_of(svg: str) -> Any:
    return next(path for path in ElementTree.fromstring(svg).iter(f"{SVG}path") if path.get("class") == "c")


def test_axes_have_names_and_numbers_in_the_units_of_the_data() -> None:
    texts = texts_of(edge_picture(network(), 0, 0, 1, x_unit="day"))
    assert texts[:3] == ["age to h1", texts[1], "adds to h1 (network units)"]
    assert re.fullmatch(r"spline, importance \d\.\d\d", texts[1])
    assert texts[-1] == "age (day)"
    assert texts[-6:-1] == ["10", "20", "30", "40", "50"]


def test_last_layer_adds_to_the_target_in_its_unit() -> None:
    texts = texts_of(edge_picture(network(), 1, 0, 0, y_unit="MPa"))
    assert (texts[0], texts[2], texts[-1]) == ("h0 to strength", "adds to strength (MPa)", "h0 (network units)")


def test_formula_is_written_with_its_r2() -> None:
    svg = edge_picture(snapped(), 0, 0, 1)
    assert "1.235*sin(0.1*age - 2.8) + 0.5" in " ".join(text for text in texts_of(svg) if text)
    assert re.search(r"symbolic sin, importance \d\.\d\d, (R² 0\.\d{4}|far from the spline)", svg)
    assert '<g class="symbolic">' in svg


def test_curve_is_left_out_where_the_formula_has_no_value() -> None:
    whole = curve_of(edge_picture(snapped("sin"), 0, 0, 1)).get("d")
    half = curve_of(edge_picture(snapped("log"), 0, 0, 1)).get("d")
    nothing = curve_of(edge_picture(snapped("log", c=-100.0), 0, 0, 1)).get("d")
    assert nothing == ""
    assert 0.3 < half.count(" ") / whole.count(" ") < 0.7


def test_rows_lie_below_the_curve_where_they_were() -> None:
    svg = edge_picture(network(), 0, 0, 0, span="data")
    strips = [path for path in ElementTree.fromstring(svg).iter(f"{SVG}path") if path.get("class") == "d"]
    (bars,) = (str(strip.get("d")).count("z") for strip in strips)
    assert bars == np.count_nonzero(network().layers[0].statistics.density[0])  # type: ignore[union-attr]
    unseen = NetworkState(tuple(replace(layer, statistics=None) for layer in network().layers))
    assert 'class="d"' not in edge_picture(unseen, 0, 0, 0)


def test_category_has_a_bar_and_a_value_for_each_level() -> None:
    state = network()
    svg = edge_picture(state, 0, 1, 0)
    table = state.layers[0].level_table(1)
    assert table is not None
    assert svg.count('<rect class="c"') == 3
    assert texts_of(svg)[3:] == [text for k, name in enumerate("abc") for text in (name, f"{table.values[k, 0]:.4g}")]


def test_levels_beyond_a_hundred_are_counted() -> None:
    svg = edge_picture(network(levels=tuple(f"level {k}" for k in range(103))), 0, 1, 0)
    assert svg.count('<rect class="c"') == MAX_LEVELS
    assert texts_of(svg)[-1] == "and 3 levels more"


def test_pruned_edge_is_a_dashed_zero() -> None:
    state = network()
    first = replace(state.layers[0], mask=np.array([[0.0, 1.0], [1.0, 1.0]]))
    svg = edge_picture(replace(state, layers=(first, state.layers[1])), 0, 0, 0)
    assert '<g class="pruned">' in svg
    assert "pruned, importance 0.00" in svg


def test_factor_of_a_product_is_named() -> None:
    assert texts_of(edge_picture(with_products(), 0, 0, 2))[0] == "x1 to h2 ×1"


@pytest.mark.parametrize("scale", [0.0, 1e-300, 1e300])
def test_constant_tiny_and_huge_curves_hold_no_nan(scale: float) -> None:
    state = network()
    first = state.layers[0]
    huge = replace(first, coefficients=first.coefficients * scale, base_weight=first.base_weight * 0.0)
    svg = edge_picture(replace(state, layers=(huge, state.layers[1])), 0, 0, 0)
    assert not re.search(r"nan|inf", svg.split("</style>")[1])


def test_marks_stay_inside_the_picture() -> None:
    for edge in ((0, 0, 1), (0, 1, 0), (1, 0, 0)):
        root = ElementTree.fromstring(edge_picture(snapped(), *edge))
        width, height = float(root.get("width", 0)), float(root.get("height", 0))
        assert width <= 374
        for text in root.iter(f"{SVG}text"):
            assert 0 <= float(text.get("x", -1)) <= width
            assert 12 <= float(text.get("y", -1)) <= height - 3


@given(st.text(min_size=1, max_size=60), st.text(max_size=30))
def test_any_name_and_unit_give_valid_xml(name: str, unit: str) -> None:
    for source in (0, 1):
        svg = edge_picture(network(name, (name, "b")), 0, source, 0, points=5, x_unit=unit)
        root = ElementTree.fromstring(svg.encode("utf-8").decode("utf-8"))
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            *("svg", "style", "rect", "g", "path", "text", "title")
        }


@pytest.mark.parametrize("wrong", [{"theme": "blue"}, {"points": 1}, {"span": "all"}])
def test_options_outside_their_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig):
        edge_picture(network(), 0, 0, 0, **wrong)


@pytest.mark.parametrize("edge", [(2, 0, 0), (0, 2, 0), (0, 0, 2)])
def test_edge_that_is_not_there_is_refused(edge: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidConfig):
        edge_picture(network(), *edge)
