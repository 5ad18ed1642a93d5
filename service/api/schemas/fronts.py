"""The shape of formulas of growing size."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from service.api.schemas.formulas import SymbolRead, symbol_read
from service.domain.finite_numbers import finite
from service.domain.reading.fronts import Front, FrontPoint
from service.store.tables import VersionRow

_POINT: dict[str, Any] = {
    "complexity": 5,
    "text": "2.006*sqrt(length)",
    "latex": "2.006 \\sqrt{\\mathrm{length}}",
    "rmse": 0.0004,
    "r2": 0.99999,
    "r2_reason": None,
    "r2_test": 0.9999,
    "r2_test_reason": None,
    "chosen": True,
}


class FrontPointRead(BaseModel):
    """One formula, measured as it is printed."""

    complexity: int
    text: str
    latex: str
    rmse: float | None = Field(description="Root mean square error on the held-out rows, in the unit of the output.")
    r2: float | None = Field(description="On the held-out rows.")
    r2_reason: str | None = Field(description="Why it is null.")
    r2_test: float | None = Field(description="On the test rows, which chose nothing.")
    r2_test_reason: str | None = Field(description="Why it is null.")
    chosen: bool = Field(description="The simplest one whose error is hardly larger than the least.")


class FrontRead(BaseModel):
    """The formulas of one output, the smallest first; each has less error than all smaller ones."""

    output: str
    units: str | None
    against: Literal["target", "network"] = Field(description="What the errors are from.")
    fitted_rows: int = Field(description="Training rows on which constants were fitted.")
    held_out_rows: int = Field(description="Validation rows on which errors were measured.")
    drawn: str | None = Field(description="Why the rows were drawn; null where they are the data set's.")
    legend: list[SymbolRead]
    formulas: list[FrontPointRead] = Field(examples=[[_POINT]])


class FrontsRead(BaseModel):
    """A front for each output."""

    model: str
    version: int
    outputs: list[FrontRead]


def fronts_read(row: VersionRow, found: list[Front], units: dict[str, str | None]) -> FrontsRead:
    """Gives fronts as they are shown."""
    return FrontsRead(model=row.model_name, version=row.version, outputs=[_front_read(item, units) for item in found])


def _front_read(front: Front, units: dict[str, str | None]) -> FrontRead:
    variables = front.points[0].formula.variables
    return FrontRead(
        output=front.output,
        units=units.get(front.output),
        against=front.against,
        fitted_rows=front.fitted_rows,
        held_out_rows=front.held_out_rows,
        drawn=front.drawn,
        legend=[symbol_read(variable, units) for variable in variables],
        formulas=[_point_read(point) for point in front.points],
    )


def _point_read(point: FrontPoint) -> FrontPointRead:
    return FrontPointRead(
        complexity=point.formula.complexity,
        text=point.formula.written("text"),
        latex=point.formula.written("latex"),
        rmse=finite(point.rmse),
        r2=point.r2.value,
        r2_reason=point.r2.reason,
        r2_test=point.r2_test.value,
        r2_test_reason=point.r2_test.reason,
        chosen=point.chosen,
    )
