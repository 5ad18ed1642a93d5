"""The shapes of importance, and of functions for an edge."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class SuggestionRead(BaseModel):
    """A function for an edge: a * f(b * x + c) + d in network units."""

    function: str
    text: str = Field(description="With four digits, of x in network units.", examples=["1.2*sin(3.1*x) + 0.4"])
    a: float
    b: float
    c: float
    d: float
    r2: float = Field(description="Share of the curve's own variance over the training rows that it explains.")
    complexity: int
    score: float = Field(description="Bits of unexplained variance, plus some for every operation; least is best.")


class SuggestionList(BaseModel):
    """Functions for one edge, best first; none where its curve never changes."""

    model: str
    version: int
    layer: int
    source: int
    target: int
    data: list[SuggestionRead]


class ImportanceRead(BaseModel):
    """What matters in the network; `definitions` says what each number is."""

    model: str
    version: int
    definitions: dict[str, str]
    rows: int = Field(description="Training rows that it was measured on.")
    outputs: list[str]
    columns: list[dict[str, Any]] = Field(examples=[[{"column": "age", "importance": 0.6, "effect": [0.7]}]])
    inputs: list[dict[str, Any]]
    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    terms: list[dict[str, Any]] = Field(description="Signed shares of the last layer's edges in each output.")
    interactions: list[dict[str, Any]] = Field(examples=[[{"columns": ["age", "cement"], "share": [0.1]}]])
