"""The shapes of predictions; the bytes are written from arrays in `api/prediction_answers.py`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class OutsideRead(BaseModel):
    """A value that training never saw."""

    row: int
    input: str
    range: tuple[float, float] | None = Field(description="Training range; null for a category.")
    reason: Literal["out_of_range", "unseen_category"]


class DomainRead(BaseModel):
    """What was done about values that training never saw."""

    policy: Literal["warn", "reject", "clamp"]
    outside: list[OutsideRead] = Field(description="The first 1,000, by row.")
    outside_count: int


class TermRead(BaseModel):
    """Where a term comes from: an input or a hidden node, and the output it enters."""

    output: str
    name: str


class ContributionsRead(BaseModel):
    """Each output as a sum: its baseline and its terms; of classes, of their logits."""

    outputs: list[str]
    baseline: list[float] = Field(description="The outputs at the means of all terms over the training rows.")
    terms: list[TermRead]
    values: list[list[float]] = Field(description="(rows, terms), apart from those means.")


class GradientRead(BaseModel):
    """Derivatives of each output, of classes each probability, by each number column, in the units of the data."""

    outputs: list[str]
    inputs: list[str]
    values: list[list[list[float | None]]] = Field(description="(rows, outputs, inputs); null without a value.")


class IntervalRead(BaseModel):
    """Split conformal intervals: over rows like the test rows, at least `level` of them hold the true value.

    The share is one of all rows, not of each kind of row: the interval is as wide everywhere. Nothing is promised for
    rows of another kind, such as those that `domain.outside` lists.
    """

    level: float
    test_rows: int = Field(description="Rows that the version never learnt from, whose errors make the interval.")
    low: list[list[float]] | None = Field(None, description="Numbers: (rows, outputs).")
    high: list[list[float]] | None = Field(None, description="Numbers: (rows, outputs).")
    sets: list[list[str]] | None = Field(None, description="Classification: the classes in each row's set.")


class PredictionRead(BaseModel):
    """The answer, row by row in the order that was sent."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "model": "concrete",
                "version": 1,
                "outputs": ["compressive_strength"],
                "predictions": [[44.3], [61.9]],
                "domain": {
                    "policy": "warn",
                    "outside": [{"row": 1, "input": "age", "range": [1, 365], "reason": "out_of_range"}],
                    "outside_count": 1,
                },
            }
        }
    )
    model: str
    version: int
    outputs: list[str]
    predictions: list[list[float | str]] = Field(description="Numbers, or one class name a row.")
    classes: list[str] | None = Field(None, description="Classification only.")
    probabilities: list[list[float]] | None = Field(None, description="Classification only: (rows, classes).")
    domain: DomainRead
    contributions: ContributionsRead | None = Field(None, description="With ?contributions=true.")
    gradient: GradientRead | None = Field(None, description="With ?gradient=true.")
    interval: IntervalRead | None = Field(None, description="With ?interval=0.9.")


class StoredPredictionRead(BaseModel):
    """Predictions of a stored data set; `null` where the data set has no actual value."""

    model: str
    version: int
    dataset: str
    split: str
    offset: int
    total: int = Field(description="Rows of the part.")
    rows: list[int] = Field(description="Row numbers in the data set.")
    outputs: list[str]
    predictions: list[list[float | str]]
    classes: list[str] | None = None
    probabilities: list[list[float]] | None = None
    actual: list[list[float | str | None]] | None
    residual: list[list[float | None]] | None = Field(description="actual - prediction; null for classification.")


class JobPredictionsRead(BaseModel):
    """A page of what a predict job has predicted; lists have an entry for each row of the page."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "job": "job_01m855zsk5fwxvgkyv1bs3g32e",
                "status": "running",
                "model": "concrete",
                "version": 3,
                "dataset": "ds_01m855zsk5fwxvgkyv1bs3g32e",
                "offset": 0,
                "total": 1_000_000,
                "done": 150_000,
                "bad_rows": 1,
                "outputs": ["compressive_strength"],
                "rows": [0, 1],
                "predictions": [[44.3], None],
                "actual": [[43.9], [51.0]],
                "residual": [[-0.4], [None]],
                "outside": [0, 0],
                "errors": [None, "column 'age' has no value; in training it always had one"],
            }
        }
    )
    job: str
    status: str
    model: str
    version: int
    dataset: str | None = Field(description="null once it is deleted.")
    offset: int
    total: int = Field(description="Rows of the data set.")
    done: int = Field(description="Rows that were predicted so far, from the first on.")
    bad_rows: int = Field(description="How many of these have an error.")
    outputs: list[str]
    rows: list[int] = Field(description="Row numbers in the data set.")
    predictions: list[list[float | str] | None] = Field(description="null where the row has an error.")
    classes: list[str] | None = Field(None, description="Classification only.")
    probabilities: list[list[float] | None] | None = Field(None, description="Classification only.")
    actual: list[list[float | str | None]] | None = Field(description="null where the data set lacks a target.")
    residual: list[list[float | None]] | None = Field(description="actual - prediction; null for classification.")
    outside: list[int] = Field(description="How many values of each row training never saw.")
    errors: list[str | None] = Field(description="Why a row has no prediction.")


_ROW = {"type": "array", "items": {"type": ["number", "string", "boolean", "null"]}}
_ROWS = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
    "properties": {
        "rows": {"type": "array", "items": {"anyOf": [_ROW, {"type": "object"}]}},
        "columns": {"type": "object", "additionalProperties": _ROW},
    },
}
PREDICT_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": _ROWS,
            "examples": {
                "rows": {"summary": "Rows in signature order", "value": {"rows": [[540.0, 28], [332.5, 400]]}},
                "columns": {"summary": "Named columns", "value": {"columns": {"age": [28], "cement": [540.0]}}},
            },
        },
        "text/csv": {"schema": {"type": "string"}, "example": "cement,age\n540.0,28\n"},
        "application/x-ndjson": {"schema": {"type": "string"}, "example": '{"cement": 540.0, "age": 28}\n'},
        "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
        "application/vnd.apache.arrow.stream": {"schema": {"type": "string", "format": "binary"}},
        "application/x-npy": {"schema": {"type": "string", "format": "binary"}},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
    },
}
