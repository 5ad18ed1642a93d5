"""The shape of an expression that becomes a model version."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, FiniteFloat, StringConstraints

from service.api.schemas.body import FEW, Body

_EXAMPLE: dict[str, Any] = {
    "name": "pendulum",
    "expression": "2*pi*sqrt(length/9.81)",
    "ranges": {"length": [0.1, 2.0]},
    "target": "period",
}
Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Ends = Annotated[list[FiniteFloat], Field(min_length=2, max_length=2)]


class ExpressionCreate(Body):
    """An expression and the range of each of its columns."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: str = Field(max_length=300, description="The model, which gets its next version.")
    expression: str = Field(
        max_length=100_000,
        description="Names of columns, numbers, + - * / **, parentheses, pi, e and functions such as sin, exp, sqrt.",
    )
    ranges: Annotated[dict[Column, Ends], FEW] = Field(
        min_length=1, max_length=1_000, description="Column -> [low, high]: the inputs, in this order."
    )
    target: Column = Field("y", description="Name of the output.")
