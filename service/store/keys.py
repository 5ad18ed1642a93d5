"""Every SQL statement about API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.store.tables import KeyRow


def add_key(session: Session, row: KeyRow) -> None:
    """Adds a key."""
    session.add(row)
    session.flush()


def find_key(session: Session, key_id: str) -> KeyRow | None:
    """Gives a key, revoked or not."""
    return session.get(KeyRow, key_id, populate_existing=True)


def list_keys(session: Session) -> Sequence[KeyRow]:
    """Gives all keys, oldest first."""
    return session.scalars(select(KeyRow).order_by(KeyRow.id)).all()


def count_usable_keys(session: Session) -> int:
    """Gives the number of keys that are not revoked."""
    return session.scalar(select(func.count()).select_from(KeyRow).where(KeyRow.revoked_at.is_(None))) or 0


def touch_key(session: Session, key_id: str, used_at: datetime) -> None:
    """Notes when a key was used last."""
    session.execute(update(KeyRow).where(KeyRow.id == key_id).values(last_used_at=used_at))


def revoke_key(session: Session, key_id: str, revoked_at: datetime) -> bool:
    """Makes a key useless for good; False where it was not usable before."""
    statement = update(KeyRow).where(KeyRow.id == key_id, KeyRow.revoked_at.is_(None))
    revoked: Any = session.execute(statement.values(revoked_at=revoked_at))
    return bool(revoked.rowcount)
