"""What a checkpoint's header says of each layer beside its arrays: degree, product nodes, formulas."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any

from kan.config import MAX_DEGREE
from kan.config_checks import check_function
from kan.errors import CheckpointError, InvalidConfig
from kan.state import EdgeFormula, LayerState

CONSTANTS = ("a", "b", "c", "d")
FORMULA_FIELDS = {field.name for field in fields(EdgeFormula)}


@dataclass(frozen=True)
class LayerFacts:
    """Degree, products and formulas of one layer, as in `LayerState`."""

    degree: int
    products: tuple[int, ...] = ()
    formulas: tuple[EdgeFormula, ...] = ()
    pruned_formulas: tuple[EdgeFormula, ...] = ()


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
    """Gives the facts of one layer; formulas of pruned edges only where it has some."""
    lists = {"products": list(layer.products), "formulas": [asdict(formula) for formula in layer.formulas]}
    pruned = [asdict(formula) for formula in layer.pruned_formulas]
    return {"degree": layer.degree, **lists, **({"pruned_formulas": pruned} if pruned else {})}


def _facts(item: object) -> LayerFacts:
    if not isinstance(item, dict):
        return LayerFacts(_degree(item))
    known = item.keys() - {"pruned_formulas"}
    _require(known == {"degree", "products", "formulas"}, "layers: expected degree, products and formulas")
    products, formulas, pruned = item["products"], item["formulas"], item.get("pruned_formulas", [])
    if not all(isinstance(value, list) for value in (products, formulas, pruned)):
        raise CheckpointError("layers: expected lists of products and formulas")
    for arity in products:
        _require(type(arity) is int and arity >= 2, "products: expected whole numbers, at least 2")
    read = [tuple(_formula(formula) for formula in some) for some in (formulas, pruned)]
    return LayerFacts(_degree(item["degree"]), tuple(products), *read)


def _degree(value: object) -> int:
    if type(value) is not int or not 1 <= value <= MAX_DEGREE:
        raise CheckpointError(f"layers: expected a degree between 1 and {MAX_DEGREE}")
    return value


def _formula(value: object) -> EdgeFormula:
    if not isinstance(value, Mapping) or value.keys() != FORMULA_FIELDS:
        raise CheckpointError(f"formulas: expected objects with {', '.join(sorted(FORMULA_FIELDS))}")
    for name in ("source", "target"):
        _require(type(value[name]) is int and value[name] >= 0, f"formulas: expected a node as {name}")
    for name in CONSTANTS:
        _require(type(value[name]) is float and isfinite(value[name]), f"formulas: expected a finite number as {name}")
    try:
        check_function("function", value["function"])
    except InvalidConfig:
        raise CheckpointError("formulas: unknown function") from None
    return EdgeFormula(**value)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise CheckpointError(message)
