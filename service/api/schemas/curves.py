"""The shape of the curves answer; `kan.curves` makes it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

# An edge that is a formula, with two samples.
_EDGE: dict[str, JsonValue] = {
    "layer": 0,
    "source": 0,
    "target": 0,
    "kind": "symbolic",
    "symbolic": {"function": "tanh", "a": 1.2, "b": 1.0, "c": 0.5, "d": 0.0},
    "formula": "1.2*tanh(x + 0.5)",
    "formula_user": "20.04*tanh(0.037037037037037035*age - 0.537037037037037)",
    "r2": 0.9994,
    "mask": 0.0,
    "degree": 3,
    "knots": [-4.0, -3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0],
    "coefficients": [-2.1, -0.9, 1.1, 1.2],
    "spline_weight": 1.0,
    "base": {"function": "silu", "weight": 0.1},
    "outside": "linear",
    "x": [-1.0, 1.0],
    "x_user": [1.0, 55.0],
    "y": [-0.5545405887, 1.0861779044],
    "y_user": [-9.2608278315, 18.139171003],
    "derivative": [0.9437372796, 0.2168479667],
    "importance": 1.0,
    "density": [8, 31, 12, 9, 10, 14, 6, 4, 3, 2, 1, 0, 1, 3, 2, 1, 0, 0, 1, 0, 0, 1, 0, 1],
    "range": [-1.0, 1.0],
}


class LayerRead(BaseModel):
    """One layer: its nodes' names and its edges."""

    index: int
    inputs: list[str]
    outputs: list[str]
    nodes: list[dict[str, Any]] = Field(
        description='{"kind": "sum", "of": [sources]} or {"kind": "product", "of": [targets]} per output node.'
    )
    edges: list[dict[str, Any]] = Field(
        description="Exact parameters, samples x, y, derivative; importance; density; of a formula its text and R2."
    )


class ActivationsRead(BaseModel):
    """The network whole: columns to inputs, layer by layer, to answers."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "model": "concrete",
                "version": 1,
                "encoding": [
                    {
                        "input": 0,
                        "kind": "number",
                        "column": "age",
                        "shift": 28.0,
                        "scale": 27.0,
                        "low": 1.0,
                        "high": 365.0,
                        "floor": -5.75,
                        "ceiling": 371.75,
                        "units": "day",
                    }
                ],
                "decoding": [{"kind": "number", "name": "strength", "mean": 35.8, "std": 16.7, "nodes": [0]}],
                "layers": [
                    {
                        "index": 0,
                        "inputs": ["age"],
                        "outputs": ["strength"],
                        "nodes": [{"kind": "sum", "of": [0]}],
                        "edges": [_EDGE],
                    }
                ],
            }
        }
    )
    model: str
    version: int
    encoding: list[dict[str, Any]]
    decoding: list[dict[str, Any]]
    layers: list[LayerRead]
