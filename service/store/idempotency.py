"""Every SQL statement about Idempotency-Keys: the first answer, kept with what it made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from service.store.blobs import insert_or_ignore
from service.store.tables import IdempotencyRow


def take_key(session: Session, scope: str, key: str, body_sha256: str, now: datetime) -> IdempotencyRow | None:
    """Takes a key for this transaction and gives None, or gives the row of the request that took it before.

    On Postgres this waits for a transaction that is just taking the same key.
    """
    row = {"scope": scope, "key": key, "body_sha256": body_sha256, "created_at": now}
    inserted: Any = session.execute(insert_or_ignore(session, IdempotencyRow).values(**row))
    if inserted.rowcount:
        return None
    return session.get(IdempotencyRow, (scope, key), populate_existing=True)


def keep_answer(session: Session, scope: str, key: str, status: int, location: str, body: dict[str, Any]) -> None:
    """Keeps the answer that a repeated request will get."""
    statement = update(IdempotencyRow).where(IdempotencyRow.scope == scope, IdempotencyRow.key == key)
    session.execute(statement.values(status=status, location=location, body=body))


def drop_old_keys(session: Session, before: datetime) -> None:
    """Forgets the keys that were taken before a time."""
    session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < before))
