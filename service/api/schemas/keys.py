"""The shapes of API keys."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.api.schemas.body import Body
from service.domain.access.keys import USUAL_SCOPES, Scope
from service.store.tables import KeyRow


class KeyCreate(Body):
    """A key to make."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"name": "dashboard", "scopes": ["read", "predict"], "expires_at": "2030-01-01T00:00:00Z"}
        },
    )
    name: str = Field(max_length=1_000, description="What or whom it is for.")
    scopes: list[Scope] = Field(
        list(USUAL_SCOPES),
        min_length=1,
        max_length=4,
        description="What it may do; `admin` may do everything, and make keys.",
    )
    # Strict would take no text, and JSON has no times.
    expires_at: AwareDatetime | None = Field(None, strict=False, description="When it ends by itself; null = never.")


class KeyRead(BaseModel):
    """A key without its secret."""

    id: str = Field(examples=["key_06f3q8m2k4v7d9x1c5b0n2t6r8"])
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute; null = never.")
    revoked_at: datetime | None


class KeyCreated(KeyRead):
    """A new key with its secret."""

    token: str | None = Field(
        description="What to send as `Authorization: Bearer …`; shown this once, null when the request is repeated.",
        examples=["kan_06f3q8m2k4v7d9x1c5b0n2t6r8_3q…"],
    )


class KeyPage(BaseModel):
    """Keys, newest first."""

    data: list[KeyRead]
    next_cursor: str | None


def key_read(row: KeyRow) -> KeyRead:
    """Gives a row as it is shown."""
    return KeyRead.model_validate(row, from_attributes=True)
