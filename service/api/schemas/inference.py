"""The shapes of the Open Inference Protocol, for /docs; the bytes are made in `domain/inference/messages.py`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ProtocolError(BaseModel):
    """What every refusal under /v2 looks like."""

    error: str = Field(examples=["no model has this name; GET /v1/models lists them"])


class ServerMetadata(BaseModel):
    """Who answers."""

    name: str = "kan-service"
    version: str
    extensions: list[str]


class Health(BaseModel):
    """Both words in every answer, since clients ask for one or the other."""

    live: bool = True
    ready: bool = True


class ModelReady(BaseModel):
    """Whether a model answers."""

    name: str
    ready: bool = True


class TensorMetadata(BaseModel):
    """A tensor that a model reads or gives; -1 stands for the number of rows."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """A model as the protocol tells it."""

    name: str
    versions: list[str] = Field(description="Published versions, the newest 100, oldest of them first.")
    platform: str = "kan"
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    parameters: dict[str, Any] = Field(description="Names: columns of `x` in order, outputs of `y` or classes.")


class ModelTensorConfig(BaseModel):
    """A tensor in Triton's words."""

    name: str
    data_type: str
    dims: list[int]


class ModelConfig(BaseModel):
    """A model in Triton's words."""

    name: str
    platform: str = "kan"
    backend: str = "kan"
    max_batch_size: int = 0
    input: list[ModelTensorConfig]
    output: list[ModelTensorConfig]


class ModelStatistics(BaseModel):
    """Counts of this API process since it started, as Triton gives them."""

    model_stats: list[dict[str, Any]]


class RepositoryEntry(BaseModel):
    """A model that can be asked."""

    name: str
    version: str
    state: str = "READY"
    reason: str = ""


class IndexRequest(BaseModel):
    """What to list."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ready": True}]})

    ready: bool = Field(False, strict=True, description="Only models that are ready; here all are.")


INFER_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["inputs"],
                "properties": {
                    "id": {"type": "string"},
                    "parameters": {"type": "object"},
                    "inputs": {"type": "array", "items": {"type": "object"}},
                    "outputs": {"type": "array", "items": {"type": "object"}},
                },
            },
            "example": {
                "id": "1",
                "inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [540.0, 28.0]}],
            },
        },
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}
INFER_ANSWER: dict[str, Any] = {
    "description": "The output tensors",
    "content": {
        "application/json": {
            "schema": {"type": "object"},
            "example": {
                "model_name": "concrete",
                "model_version": "1",
                "id": "1",
                "parameters": {"domain": "warn", "outside_count": 0},
                "outputs": [{"name": "y", "datatype": "FP64", "shape": [1, 1], "data": [61.9]}],
            },
        },
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}
