"""The shapes of aliases."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from pydantic import BaseModel, ConfigDict, Field

from service.api.schemas.body import Body
from service.domain.aliases import Alias
from service.store.tables import AliasStepRow


class AliasPut(Body):
    """What an alias shall name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 3}]})

    version: int = Field(ge=1, le=2**53, description="Number of a version, draft or published.")


class AliasStep(BaseModel):
    """What an alias named from a moment on."""

    version: int | None = Field(description="Null: it was deleted.")
    at: datetime


class AliasEntry(BaseModel):
    """An alias of a list."""

    alias: str = Field(examples=["champion"])
    version: int
    at: datetime = Field(description="Since when.")


class AliasRead(AliasEntry):
    """An alias with its history, oldest first."""

    model: str
    history: list[AliasStep]


class AliasList(BaseModel):
    """All aliases of a model, by their names."""

    data: list[AliasEntry]
    next_cursor: None = Field(None, description="Always null: the list is whole.")


def alias_entry(row: AliasStepRow) -> AliasEntry:
    """Gives what an alias names now."""
    return AliasEntry(alias=row.alias, version=cast("int", row.version), at=row.at)


def alias_read(alias: Alias) -> AliasRead:
    """Gives an alias with its history."""
    history = [AliasStep(version=row.version, at=row.at) for row in alias.steps]
    return AliasRead(**alias_entry(alias.last).model_dump(), model=alias.last.model_name, history=history)
