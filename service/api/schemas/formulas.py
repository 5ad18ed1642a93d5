"""The shape of a version's formulas."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class VariableRead(BaseModel):
    """What a symbol stands for: a number column, or 1 in the rows of one level and 0 in the others."""

    symbol: str
    column: str
    units: str | None
    level: str | None = Field(description="null for a number.")
    is_missing: bool = Field(description="1 where the column has no value, else 0.")
    fill: float | None = Field(description="What a missing number counts as.")
    label: str = Field(description="As LaTeX and MathML show it.", examples=["age", "[site = north]"])


class OutputFormulaRead(BaseModel):
    """One output, in all notations."""

    output: str
    units: str | None
    kind: Literal["value", "logit"]
    note: str | None = Field(description="How probabilities come from logits.")
    text: str = Field(examples=["1.2*sin(3.1*age) + 35.8"])
    latex: str
    mathml: str
    python: str
    c: str
    complexity: int
    digits: int | None = Field(description="Significant digits of its numbers; null: all.")
    max_difference: float = Field(description="From the exact formula on training rows, in the unit of the output.")
    rms_difference: float
    r2_network: float | None = Field(description="On training rows, against the network; null without a data set.")
    r2_test: float | None = Field(description="On test rows, against the target; null without, and for classes.")


class FormulaRead(BaseModel):
    """A formula for each output."""

    model: str
    version: int
    variables: list[VariableRead]
    formulas: list[OutputFormulaRead]
