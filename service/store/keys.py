"""Every SQL statement about API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from service.store.changes import announce_keys
from service.store.tables import KeyRow


def add_key(session: Session, row: KeyRow) -> None:
    """Adds a key."""
    session.add(row)
    session.flush()


def find_key(session: Session, key_id: str) -> KeyRow | None:
    """Gives a key, revoked or not."""
    return session.get(KeyRow, key_id, populate_existing=True)


def list_keys(session: Session, limit: int, below: str | None) -> Sequence[KeyRow]:
    """Gives keys, newest first (ids sort by time), from below the id `below`."""
    found = select(KeyRow)
    if below is not None:
        found = found.where(KeyRow.id < below)
    return session.scalars(found.order_by(KeyRow.id.desc()).limit(limit)).all()


def count_usable_keys(session: Session, now: datetime) -> int:
    """Gives the number of keys that are neither revoked nor expired."""
    usable = select(func.count()).select_from(KeyRow).where(KeyRow.revoked_at.is_(None))
    return session.scalar(usable.where(or_(KeyRow.expires_at.is_(None), KeyRow.expires_at > now))) or 0


def touch_key(session: Session, key_id: str, used_at: datetime) -> None:
    """Notes when a key was used last."""
    session.execute(update(KeyRow).where(KeyRow.id == key_id).values(last_used_at=used_at))


def revoke_key(session: Session, key_id: str, revoked_at: datetime) -> bool:
    """Makes a key useless for good; False where it was not usable before."""
    announce_keys(session)
    statement = update(KeyRow).where(KeyRow.id == key_id, KeyRow.revoked_at.is_(None))
    revoked: Any = session.execute(statement.values(revoked_at=revoked_at))
    return bool(revoked.rowcount)
