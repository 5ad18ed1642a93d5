"""The shape of every refusal, for the OpenAPI page; `api/problems.py` writes the bytes."""

from __future__ import annotations

from pydantic import BaseModel, Field


class FaultRead(BaseModel):
    """One thing that is wrong."""

    pointer: str = Field(description='Where: "/rows/0/3" in the body, "?limit" for a query parameter.')
    code: str = Field(description='A stable word for programs, such as "unknown_column".')
    message: str = Field(description="What was expected.")


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(description="Address of the page that explains this kind of problem; never changes.")
    title: str
    status: int
    detail: str = Field(description="What was expected and what to do.")
    instance: str
    request_id: str | None = Field(description="Also in the X-Request-ID header and in the server's log.")
    errors: list[FaultRead] = Field(max_length=20)
