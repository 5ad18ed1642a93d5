"""The shape of an export's certificate."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ExportCertificate(BaseModel):
    """How far an exported file is from /predict, on the same rows each time."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "model": "concrete",
                "version": 3,
                "format": "python",
                "rows": 512,
                "rows_outside": 256,
                "compared": 512,
                "answered_by_one": 0,
                "max_difference": 2.8e-14,
                "max_relative_difference": 4.1e-16,
                "measured": "the file was run by Python 3.12.1",
            }
        }
    )
    model: str
    version: int
    format: Literal["safetensors", "onnx", "python", "c", "json", "sql"]
    rows: int = Field(description="Rows that both were asked for.")
    rows_outside: int = Field(description="Of them, drawn from up to thrice the training range, with unseen levels.")
    compared: int = Field(description="Rows that both answered.")
    answered_by_one: int = Field(0, description="Rows that only one of them answered.")
    max_difference: float | None = Field(
        description="Largest |difference| of an output, of classes of a probability; null where it was not measured."
    )
    max_relative_difference: float | None = Field(description="The same as a part of the output's largest value.")
    measured: str = Field(description="In words, how.")
