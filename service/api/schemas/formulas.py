"""The shapes of formulas in answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from kan.formulas.formula import NOTATIONS, FormulaVariable
from service.domain.finite_numbers import finite
from service.domain.reading.formulas import VersionFormula
from service.store.tables import VersionRow

_EXAMPLE: dict[str, Any] = {
    "model": "pendulum",
    "version": 2,
    "formulas": [
        {
            "output": "period",
            "kind": "value",
            "note": None,
            "units": "s",
            "text": "2.006*sqrt(length)",
            "latex": "2.006 \\sqrt{\\mathrm{length}}",
            "mathml": "<math xmlns=…>…</math>",
            "python": "import math\n…",
            "c": "#include <math.h>\n…",
            "exact": "2.0060666807106475*sqrt(length)",
            "complexity": 4,
            "digits": 4,
            "rows": 1000,
            "undefined_rows": 0,
            "max_gap": 9.1e-05,
            "rms_gap": 5.2e-05,
            "r2_network": 0.99999999,
            "r2_network_reason": None,
            "r2_test": 0.9998,
            "r2_test_reason": None,
            "legend": [{"symbol": "length", "label": "length", "column": "length", "units": "m"}],
        }
    ],
    "warnings": ["sqrt on edge (0, 0, 0) has no value just below 0.02, the lower end of the range of its input"],
}


class SymbolRead(BaseModel):
    """What a symbol of a formula stands for: a number column, or 1 in rows of a level and 0 in others."""

    symbol: str
    label: str
    column: str
    units: str | None = None
    level: str | None = Field(None, description="Of a category; the symbol is then 1 or 0.")
    is_missing: bool = Field(False, description="1 where the column has no value, else 0.")
    fill: float | None = Field(None, description="What a missing number counts as.")
    floor: float | None = Field(None, description="What a number below it counts as; null = the formula is for all.")
    ceiling: float | None = Field(None, description="What a number above it counts as.")


class FormulaRead(BaseModel):
    """One output as an expression in the units of the data, with what that expression is worth."""

    output: str
    kind: str = Field(description="value, or logit of a class.")
    note: str | None = Field(None, description="How probabilities come from logits.")
    units: str | None
    text: str = Field(description="Of the symbols in `legend`; + - * / ** and the functions of the grammar.")
    latex: str
    mathml: str
    python: str
    c: str
    exact: str = Field(description="With all digits, just as the network predicts.")
    complexity: int = Field(description="Names, numbers and operations; a function counts as much as it is harder.")
    digits: int = Field(description="Significant digits that were needed; 17 = nothing was rounded.")
    rows: int = Field(description="Rows on which the expression was compared with the network's predictions.")
    undefined_rows: int = Field(description="Rows where the network gives a number and the expression none.")
    max_gap: float | None = Field(description="Largest difference from the network's predictions.")
    rms_gap: float | None = Field(description="Root mean square difference.")
    r2_network: float | None = Field(description="R2 of the expression against the network's predictions.")
    r2_network_reason: str | None = Field(None, description="Why it is null.")
    r2_test: float | None = Field(description="R2 of the expression against the target in the test rows.")
    r2_test_reason: str | None = Field(None, description="Why it is null.")
    legend: list[SymbolRead]


class FormulasRead(BaseModel):
    """The formulas of a version, one for each output."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    model: str
    version: int
    formulas: list[FormulaRead]
    warnings: list[str] = Field(description="Functions that have no value on or close to the training range.")


def formulas_read(
    row: VersionRow, found: list[VersionFormula], units: dict[str, str | None], warnings: list[str]
) -> FormulasRead:
    """Gives the formulas as they are shown.

    Args:
        row: the version.
        found: one for each output.
        units: column -> unit.
        warnings: of all formulas together.
    """
    shown = [_formula_read(item, units) for item in found]
    return FormulasRead(model=row.model_name, version=row.version, formulas=shown, warnings=warnings)


def symbol_read(variable: FormulaVariable, units: dict[str, str | None]) -> SymbolRead:
    """Gives one entry of a legend."""
    return SymbolRead(
        symbol=variable.symbol,
        label=variable.label,
        column=variable.column,
        units=None if variable.level is not None or variable.is_missing else units.get(variable.column),
        level=variable.level,
        is_missing=variable.is_missing,
        fill=variable.fill,
        floor=variable.floor,
        ceiling=variable.ceiling,
    )


def _formula_read(found: VersionFormula, units: dict[str, str | None]) -> FormulaRead:
    return FormulaRead(
        output=found.printed.output,
        kind=found.printed.kind,
        note=found.printed.note,
        units=units.get(found.printed.output) if found.printed.kind == "value" else None,
        **{notation: found.written(notation) for notation in NOTATIONS},
        exact=found.exact.written("text"),
        complexity=found.printed.complexity,
        digits=found.digits,
        rows=found.rows,
        undefined_rows=found.undefined_rows,
        max_gap=finite(found.max_gap),
        rms_gap=finite(found.rms_gap),
        r2_network=found.r2_network.value,
        r2_network_reason=found.r2_network.reason,
        r2_test=found.r2_test.value,
        r2_test_reason=found.r2_test.reason,
        legend=[symbol_read(variable, units) for variable in found.variables],
    )
