"""The shapes of hypotheses and of their verdicts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from service.api.schemas.body import Body

_ASKED: dict[str, Any] = {"test": "symmetry", "inputs": ["cement", "water"], "kind": "ratio"}
_VERDICT: dict[str, Any] = {
    "output": "strength",
    "score": 0.31,
    "holds": False,
    "verdict": "strength does not depend on cement and water only by cement / water",
}
Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class HypothesisAsked(Body):
    """What is put to the version."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ASKED]})

    test: Literal["separability", "symmetry"]
    inputs: list[Column] = Field(
        min_length=1, max_length=1_000, description="separability: the first group of columns; symmetry: two numbers."
    )
    kind: Literal["additive", "multiplicative", "sum", "difference", "product", "ratio"] = Field(
        description="separability: additive or multiplicative; symmetry: one of the other four."
    )
    threshold: float = Field(0.01, gt=0, le=1, allow_inf_nan=False, description="Largest score that counts as 0.")


class VerdictRead(BaseModel):
    """The answer for one output, of a class for its logit."""

    output: str
    score: float | None = Field(description="0 where it holds exactly; null where the output does not vary with them.")
    holds: bool
    verdict: str


class HypothesisRead(BaseModel):
    """The answer for each output."""

    model: str
    version: int
    test: str
    inputs: list[str]
    kind: str
    threshold: float
    rows: int = Field(description="Training rows, evenly among all of them, that it was tested on.")
    drawn: str | None = Field(description="Why the rows were drawn from the training ranges; null where they were not.")
    outputs: list[VerdictRead] = Field(examples=[[_VERDICT]])
