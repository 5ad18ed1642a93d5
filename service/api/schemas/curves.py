"""The shape of the curves answer; `kan.curves` makes it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class LayerRead(BaseModel):
    """One layer: its nodes' names and its edges."""

    index: int
    inputs: list[str]
    outputs: list[str]
    nodes: list[dict[str, Any]] = Field(
        description='{"kind": "sum", "of": [sources]} or {"kind": "product", "of": [targets]} per output node.'
    )
    edges: list[dict[str, Any]] = Field(description="Exact parameters, samples x, y, derivative; importance; density.")


class ActivationsRead(BaseModel):
    """The network whole: columns to inputs, layer by layer, to answers."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "model": "concrete",
                "version": 1,
                "encoding": [
                    {"input": 0, "kind": "number", "column": "age", "shift": 28.0, "scale": 27.0, "units": "day"}
                ],
                "decoding": [{"kind": "number", "name": "strength", "mean": 35.8, "std": 16.7, "nodes": [0]}],
                "layers": [{"index": 0, "inputs": ["age"], "outputs": ["strength"], "nodes": [], "edges": []}],
            }
        }
    )
    model: str
    version: int
    encoding: list[dict[str, Any]]
    decoding: list[dict[str, Any]]
    layers: list[LayerRead]
