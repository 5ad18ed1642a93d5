"""What a header says of the layers: all of it back, and an error for anything that is no layer."""

from typing import Any

import pytest

from kan.checkpoint import dump
from kan.checkpoint_facts import LayerFacts, facts_from_json, facts_to_json
from kan.checkpoint_layers import layer_arrays, read_layers
from kan.constraints import constrained
from kan.errors import CheckpointError
from kan.state import EdgeFormula, EdgeShape
from tests.kan.kernels.cpu.definition import with_formulas, with_products
from tests.kan.networks import random_layer, random_network

FORMULA: dict[str, Any] = {"source": 0, "target": 1, "function": "sin", "a": 1.0, "b": 2.5, "c": -0.5, "d": 0.0}


SHAPE: dict[str, Any] = {"source": 0, "target": 1, "kind": "convex"}


def fact(**changes: Any) -> dict[str, Any]:
    """Gives one layer's facts as JSON, some of its fields changed."""
    return {"degree": 3, "products": [], "formulas": [], **changes}


def test_facts_come_back() -> None:
    layers = with_formulas(with_products()).layers
    expected = [LayerFacts(layer.degree, layer.products, layer.formulas) for layer in layers]
    assert facts_from_json(facts_to_json(layers)) == expected
    shaped = constrained(random_network(2, 3, 1), 0, **SHAPE).layers
    expected = [LayerFacts(3, shapes=(EdgeShape(**SHAPE),)), LayerFacts(3)]
    assert facts_from_json(facts_to_json(shaped)) == expected
    assert "shapes" not in facts_to_json(shaped)[1]


def test_degrees_of_version_1_are_read() -> None:
    assert facts_from_json([3, 2]) == [LayerFacts(3), LayerFacts(2)]


@pytest.mark.parametrize(
    "item",
    [
        fact(degree=0),
        fact(degree=6),
        fact(degree=3.0),
        fact(products=[1]),
        fact(products=[2.0]),
        fact(products=[True]),
        fact(products=2),
        fact(formulas={}),
        fact(pruned_formulas={}),
        fact(pruned_formulas=[{**FORMULA, "c": float("inf")}]),
        fact(shapes={}),
        fact(shapes=[3]),
        fact(shapes=[{**SHAPE, "kind": "zero"}]),
        fact(shapes=[{**SHAPE, "kind": ["convex"]}]),
        fact(shapes=[{**SHAPE, "source": -1}]),
        fact(shapes=[{**SHAPE, "target": 1.0}]),
        fact(shapes=[{**SHAPE, "more": 1}]),
        fact(shapes=[{"source": 0, "target": 1}]),
        fact(other=[]),
        fact(formulas=[3]),
        fact(formulas=[{**FORMULA, "function": "__import__"}]),
        fact(formulas=[{**FORMULA, "function": ["sin"]}]),
        fact(formulas=[{**FORMULA, "a": 1}]),
        fact(formulas=[{**FORMULA, "b": float("nan")}]),
        fact(formulas=[{**FORMULA, "source": -1}]),
        fact(formulas=[{**FORMULA, "target": True}]),
        fact(formulas=[{**FORMULA, "e": 1.0}]),
        fact(formulas=[{key: value for key, value in FORMULA.items() if key != "d"}]),
        fact(extra=1),
        {"degree": 3},
        None,
    ],
)
def test_facts_that_are_no_layer_are_refused(item: object) -> None:
    with pytest.raises(CheckpointError):
        facts_from_json([item])


@pytest.mark.parametrize("value", [[], {}, 3, None])
def test_layers_that_are_no_list_are_refused(value: object) -> None:
    with pytest.raises(CheckpointError):
        facts_from_json(value)


@pytest.mark.parametrize(
    ("facts", "pruned", "reason"),
    [
        (LayerFacts(3, products=(3,)), (), "more sums"),
        (LayerFacts(3, formulas=(EdgeFormula(**FORMULA),)), (), "spline too"),
        (LayerFacts(3, formulas=(EdgeFormula(**FORMULA), EdgeFormula(**FORMULA))), ((0, 1),), "two formulas"),
        (LayerFacts(3, formulas=(EdgeFormula(**{**FORMULA, "target": 2}),)), (), "does not have"),
        (LayerFacts(3, pruned_formulas=(EdgeFormula(**FORMULA),)), (), "spline too"),
        (LayerFacts(3, formulas=(EdgeFormula(**{**FORMULA, "source": 1}),)), ((1, 1),), "category"),
        (LayerFacts(3, shapes=(EdgeShape(0, 2, "convex"),)), (), "does not have"),
        (LayerFacts(3, shapes=(EdgeShape(2, 0, "convex"),)), (), "does not have"),
        (LayerFacts(3, shapes=(EdgeShape(1, 0, "convex"),)), (), "category"),
        (LayerFacts(3, shapes=(EdgeShape(0, 0, "convex"), EdgeShape(0, 0, "concave"))), ((0, 0),), "two shapes"),
        (LayerFacts(3, shapes=(EdgeShape(0, 0, "convex"),)), (), "not convex"),
    ],
)
def test_facts_that_do_not_fit_the_arrays_are_refused(
    facts: LayerFacts, pruned: tuple[tuple[int, int], ...], reason: str
) -> None:
    layer = random_layer(2, 2, levels=(None, 3), pruned=pruned)
    with pytest.raises(CheckpointError, match=reason):
        read_layers([facts], layer_arrays([layer]))


def test_formulas_do_not_change_the_arrays_of_a_network() -> None:
    plain, snapped = random_network(2, 3, 1), with_formulas(random_network(2, 3, 1))
    assert layer_arrays(plain.layers).keys() == layer_arrays(snapped.layers).keys()
    assert dump(plain) != dump(snapped)
