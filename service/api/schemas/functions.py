"""The shapes of the library of functions, and of one that is added to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kan.symbolic.functions import library
from kan.symbolic.written import function_named
from service.api.schemas.body import Body
from service.store.tables import FunctionRow

_EXAMPLE: dict[str, Any] = {"name": "damped", "expression": "t*exp(-t)", "description": "Rises, then dies away"}


class FunctionCreate(Body):
    """A name for an expression of one variable, whatever that is called."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: str = Field(max_length=100, description="1 to 40 of a-z, 0-9 and _, a letter first.")
    expression: str = Field(
        max_length=100_000, description="The grammar of POST /v1/models, with one variable; at most 500 characters."
    )
    description: str | None = Field(None, max_length=2_000)


class DomainRead(BaseModel):
    """Where a function is finite."""

    low: float | None = Field(description="null: no lower end.")
    high: float | None = Field(description="null: no upper end.")
    poles: list[float]
    period: float | None = Field(description="The poles repeat at this distance; null: they do not.")


class FunctionRead(BaseModel):
    """One function that an edge can be fixed to."""

    name: str = Field(examples=["sin"])
    text: str = Field(description="f(x) as the grammar of expressions writes it.", examples=["sin(x)"])
    complexity: int = Field(description="1 for x itself, and 1 more for every operation.")
    domain: DomainRead | None = Field(description="null of an added one: it is looked at on the range of each edge.")
    origin: Literal["built-in", "user"]
    description: str | None = None
    created_at: datetime | None = None


class FunctionList(BaseModel):
    """The whole library, those that users added last."""

    data: list[FunctionRead]
    next_cursor: None = Field(None, description="Always null: the list is whole.")


def built_in_functions() -> list[FunctionRead]:
    """Gives the functions that are always there."""
    return [FunctionRead.model_validate({**function, "origin": "built-in"}) for function in library()]


def function_read(row: FunctionRow) -> FunctionRead:
    """Gives a function that a user added as it is shown."""
    return FunctionRead(
        name=row.name,
        text=row.expression,
        complexity=function_named(row.expression).complexity,
        domain=None,
        origin="user",
        description=row.description,
        created_at=row.created_at,
    )
