"""API keys: `kan_<id>_<secret>`, shown once; only a hash of the secret is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.domain.errors import InvalidApiKey
from service.domain.ids import is_id, new_id
from service.store import keys as statements
from service.store.engine import database_now
from service.store.tables import KeyRow

PREFIX = "key"
_TOKEN_PREFIX = "kan_"
# A write for every request would be a high price for a date.
_TOUCH_EVERY = timedelta(minutes=1)


def create_key(session: Session, name: str) -> tuple[KeyRow, str]:
    """Makes a key and gives its row and the token, which nobody can read again. Commits."""
    secret = secrets.token_urlsafe(32)
    row = KeyRow(
        id=new_id(PREFIX),
        name=name,
        secret_sha256=_hash(secret),
        created_at=database_now(session),
        last_used_at=None,
        revoked_at=None,
    )
    statements.add_key(session, row)
    session.commit()
    return row, f"{_TOKEN_PREFIX}{row.id.removeprefix(PREFIX + '_')}_{secret}"


def authenticate(session: Session, token: str) -> KeyRow:
    """Gives the key that a token belongs to; only reads, so that no writer holds a request up.

    Raises:
        InvalidApiKey: no such key, a wrong secret, or a revoked key; the answer does not tell which.
    """
    short_id, _, secret = token.removeprefix(_TOKEN_PREFIX).partition("_")
    key_id = f"{PREFIX}_{short_id}"
    row = statements.find_key(session, key_id) if is_id(PREFIX, key_id) else None
    # Random secrets of 256 bits need no slow hash, only a comparison that takes the same time for every guess.
    matches = hmac.compare_digest(row.secret_sha256 if row else "", _hash(secret))
    if row is None or not matches or row.revoked_at is not None or not token.startswith(_TOKEN_PREFIX):
        raise InvalidApiKey
    return row


def is_use_noted(row: KeyRow, now: datetime) -> bool:
    """Was this key's last use noted less than a minute ago?"""
    return row.last_used_at is not None and now - row.last_used_at <= _TOUCH_EVERY


def note_use(session: Session, key_id: str, now: datetime) -> None:
    """Notes that a key was used, and commits."""
    statements.touch_key(session, key_id, now)
    session.commit()


def has_key(session: Session) -> bool:
    """Is there a key that somebody could call with?"""
    return statements.count_usable_keys(session) > 0


def list_keys(session: Session) -> Sequence[KeyRow]:
    """Gives all keys, oldest first."""
    return statements.list_keys(session)


def revoke_key(session: Session, key_id: str) -> bool:
    """Makes a key useless for good and commits; False where it was not usable before."""
    revoked = is_id(PREFIX, key_id) and statements.revoke_key(session, key_id, database_now(session))
    session.commit()
    return revoked


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
