"""What a checkpoint's header says of each layer beside its arrays: degree, product nodes, formulas, shapes of edges."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any

from kan.config import MAX_DEGREE
from kan.config_checks import check_function
from kan.config_constraints import SHAPES
from kan.errors import CheckpointError, InvalidConfig
from kan.state import EdgeFormula, EdgeShape, LayerState

CONSTANTS = ("a", "b", "c", "d")
# Lists that a layer need not have.
RARE = ("pruned_formulas", "shapes")
SHAPE_FIELDS = {field.name for field in fields(EdgeShape)}
FORMULA_FIELDS = {field.name for field in fields(EdgeFormula)}


@dataclass(frozen=True)
class LayerFacts:
    """Degree, products, formulas and shapes of one layer, as in `LayerState`."""

    degree: int
    products: tuple[int, ...] = ()
    formulas: tuple[EdgeFormula, ...] = ()
    pruned_formulas: tuple[EdgeFormula, ...] = ()
    shapes: tuple[EdgeShape, ...] = ()


def facts_to_json(layers: Sequence[LayerState]) -> list[dict[str, Any]]:
    """Writes the facts of all layers.

    Raises:
        CheckpointError: a formula's constant is not finite.
    """
    for layer in layers:
        for formula in (*layer.formulas, *layer.pruned_formulas):
            _require(all(isfinite(getattr(formula, name)) for name in CONSTANTS), "formulas: a number is not finite")
    return [_facts_to_json(layer) for layer in layers]


def facts_from_json(value: object) -> list[LayerFacts]:
    """Reads the facts of all layers; version 1 has only each layer's degree, a plain number.

    Raises:
        CheckpointError: anything else.
    """
    if not isinstance(value, list) or not value:
        raise CheckpointError("layers: expected a list with at least one layer")
    return [_facts(item) for item in value]


def _facts_to_json(layer: LayerState) -> dict[str, Any]:
    """Gives the facts of one layer; formulas of pruned edges and shapes only where it has some."""
    lists = {"products": list(layer.products), "formulas": [asdict(formula) for formula in layer.formulas]}
    rare = {name: [asdict(item) for item in getattr(layer, name)] for name in RARE}
    return {"degree": layer.degree, **lists, **{name: found for name, found in rare.items() if found}}


def _facts(item: object) -> LayerFacts:
    if not isinstance(item, dict):
        return LayerFacts(_degree(item))
    known = item.keys() - set(RARE)
    _require(known == {"degree", "products", "formulas"}, "layers: expected degree, products and formulas")
    products, formulas, pruned, shapes = (item.get(name, []) for name in ("products", "formulas", *RARE))
    if not all(isinstance(value, list) for value in (products, formulas, pruned, shapes)):
        raise CheckpointError("layers: expected lists of products, formulas and shapes")
    for arity in products:
        _require(type(arity) is int and arity >= 2, "products: expected whole numbers, at least 2")
    live, aside = (tuple(_formula(formula) for formula in some) for some in (formulas, pruned))
    return LayerFacts(_degree(item["degree"]), tuple(products), live, aside, tuple(map(_shape, shapes)))


def _degree(value: object) -> int:
    if type(value) is not int or not 1 <= value <= MAX_DEGREE:
        raise CheckpointError(f"layers: expected a degree between 1 and {MAX_DEGREE}")
    return value


def _formula(value: object) -> EdgeFormula:
    if not isinstance(value, Mapping) or value.keys() != FORMULA_FIELDS:
        raise CheckpointError(f"formulas: expected objects with {', '.join(sorted(FORMULA_FIELDS))}")
    _check_ends("formulas", value)
    for name in CONSTANTS:
        _require(type(value[name]) is float and isfinite(value[name]), f"formulas: expected a finite number as {name}")
    try:
        check_function("function", value["function"])
    except InvalidConfig:
        raise CheckpointError("formulas: unknown function") from None
    return EdgeFormula(**value)


def _shape(value: object) -> EdgeShape:
    if not isinstance(value, Mapping) or value.keys() != SHAPE_FIELDS:
        raise CheckpointError(f"shapes: expected objects with {', '.join(sorted(SHAPE_FIELDS))}")
    _check_ends("shapes", value)
    _require(value["kind"] in SHAPES, f"shapes: expected one of {', '.join(SHAPES)} as kind")
    return EdgeShape(**value)


def _check_ends(where: str, value: Mapping[str, Any]) -> None:
    for name in ("source", "target"):
        _require(type(value[name]) is int and value[name] >= 0, f"{where}: expected a node as {name}")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise CheckpointError(message)
