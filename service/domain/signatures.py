"""What a version shows of its network: inputs with type and training range, outputs, shape, number of parameters."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kan.config import NetworkConfig
from kan.constraints import kept_constraints
from kan.encoding import Encoding, LevelsInput, NumberInput, NumberOutput
from kan.state import NetworkState


def network_facts(state: NetworkState) -> dict[str, Any]:
    """Gives the shape, with the constraints that edges keep, and the number of trainable numbers."""
    first = state.layers[0]
    levels = [None if (table := first.level_table(i)) is None else len(table.values) - 1 for i in range(first.inputs)]
    products = [list(layer.products) for layer in state.layers]
    facts = {"grid": first.grid, "degree": first.degree, "base": state.base}
    config = NetworkConfig.of_shape(state.widths, products, **facts)
    kept = [asdict(constraint) for constraint in kept_constraints(state)]
    rare = {name: found for name, found in (("products", products), ("constraints", kept)) if any(found)}
    shape = {"widths": list(state.widths), **rare, **facts}
    return {"network": shape, "parameters": config.parameters(levels, state.widths[-1])}


def signature(encoding: Encoding) -> dict[str, Any]:
    """Gives the inputs with type and training range or categories, and the outputs, as a version shows them."""
    inputs: list[dict[str, Any]] = []
    seen: set[str] = set()
    for item in encoding.used_inputs:
        if item.column in seen:
            continue
        seen.add(item.column)
        if isinstance(item, NumberInput):
            facts = {"type": "number", "range": [item.low, item.high], "missing": item.fill is not None}
        elif isinstance(item, LevelsInput):
            facts = {"type": "category", "levels": list(item.levels)}
        else:  # one number or none: only whether it is there tells something
            facts = {"type": "number", "range": None, "missing": True}
        inputs.append({"name": item.column, **facts})
    return {"task": encoding.task, "inputs": inputs, "outputs": [_output(item) for item in encoding.outputs]}


def _output(item: Any) -> dict[str, Any]:
    if isinstance(item, NumberOutput):
        return {"name": item.name, "type": "number"}
    return {"name": item.name, "type": "category", "classes": list(item.classes)}
