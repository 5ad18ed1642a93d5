"""API keys: `kan_<id>_<secret>`, shown once; only a hash of the secret is kept, with what the key may do."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy.orm import Session

from service.domain.access.access_errors import InvalidKey, KeyNotFound
from service.domain.errors import InvalidApiKey
from service.domain.ids import is_id, new_id
from service.domain.names import name_fault, normal_name
from service.store import keys as statements
from service.store.engine import database_now
from service.store.tables import KeyRow

Scope = Literal["read", "write", "predict", "admin"]

PREFIX = "key"
# Only `admin` makes, lists and revokes keys, and it may do everything else: it could make itself a key that may.
ADMIN: Scope = "admin"
SCOPES: tuple[Scope, ...] = ("read", "write", "predict", ADMIN)
USUAL_SCOPES: tuple[Scope, ...] = ("read", "write", "predict")
_TOKEN_PREFIX = "kan_"
# Near the end of the calendar another time zone has no such date.
_LAST_DAY = datetime(9999, 1, 1, tzinfo=UTC)
# A write for every request would be a high price for a date.
_TOUCH_EVERY = timedelta(minutes=1)


class Token(NamedTuple):
    """What a token says: whose it claims to be, and the hash of its secret."""

    key_id: str
    secret_sha256: str


def create_key(
    session: Session, name: str, scopes: Sequence[Scope] = USUAL_SCOPES, expires_at: datetime | None = None
) -> tuple[KeyRow, str]:
    """Makes a key as `add_key` does, and commits."""
    made = add_key(session, name, scopes, expires_at)
    session.commit()
    return made


def add_key(session: Session, name: str, scopes: Sequence[Scope], expires_at: datetime | None) -> tuple[KeyRow, str]:
    """Makes a key and gives its row and the token, which nobody can read again; the caller commits.

    Args:
        session: of the request.
        name: what or whom it is for.
        scopes: what it may do.
        expires_at: aware; None = never.

    Raises:
        InvalidKey: no name, no scope, or a key that would have expired already.
    """
    now = database_now(session)
    shown = normal_name(name)
    fault = name_fault(shown)
    if fault is not None:
        raise InvalidKey("/name", fault)
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InvalidKey("/scopes", f"expected one or more of {', '.join(SCOPES)}")
    if expires_at is not None and not now < expires_at < _LAST_DAY:
        raise InvalidKey("/expires_at", f"expected a time that is yet to come, before {_LAST_DAY.year}")
    secret = secrets.token_urlsafe(32)
    row = KeyRow(
        id=new_id(PREFIX),
        name=shown,
        secret_sha256=_hash(secret),
        scopes=[scope for scope in SCOPES if scope in scopes],
        created_at=now,
        expires_at=expires_at,
        last_used_at=None,
        revoked_at=None,
    )
    statements.add_key(session, row)
    return row, f"{_TOKEN_PREFIX}{row.id.removeprefix(PREFIX + '_')}_{secret}"


def read_token(text: str) -> Token:
    """Takes a token apart.

    Raises:
        InvalidApiKey: it cannot be one.
    """
    short_id, _, secret = text.removeprefix(_TOKEN_PREFIX).partition("_")
    key_id = f"{PREFIX}_{short_id}"
    if not text.startswith(_TOKEN_PREFIX) or not is_id(PREFIX, key_id):
        raise InvalidApiKey
    return Token(key_id, _hash(secret))


def is_secret_of(token: Token, secret_sha256: str) -> bool:
    """Is it the key's secret? Takes the same time for every guess.

    Random secrets of 256 bits need no slow hash.
    """
    return hmac.compare_digest(secret_sha256, token.secret_sha256)


def authenticate(session: Session, token: Token, now: datetime) -> KeyRow:
    """Gives the key that a token belongs to; only reads, so that no writer holds a request up.

    Raises:
        InvalidApiKey: no such key, a wrong secret, a revoked or expired key; the answer does not tell which.
    """
    row = statements.find_key(session, token.key_id)
    matches = is_secret_of(token, row.secret_sha256 if row else "")
    if row is None or not matches or row.revoked_at is not None or is_expired(row.expires_at, now):
        raise InvalidApiKey
    return row


def is_expired(expires_at: datetime | None, now: datetime) -> bool:
    """Has this end come?"""
    return expires_at is not None and expires_at <= now


def is_use_noted(row: KeyRow, now: datetime) -> bool:
    """Was this key's last use noted less than a minute ago?"""
    return row.last_used_at is not None and now - row.last_used_at <= _TOUCH_EVERY


def note_use(session: Session, key_id: str, now: datetime) -> None:
    """Notes that a key was used, and commits."""
    statements.touch_key(session, key_id, now)
    session.commit()


def has_key(session: Session) -> bool:
    """Is there a key that somebody could call with?"""
    return statements.count_usable_keys(session, database_now(session)) > 0


def get_key(session: Session, key_id: str) -> KeyRow:
    """Gives a key, revoked or not.

    Raises:
        KeyNotFound: no key has this id.
    """
    row = statements.find_key(session, key_id) if is_id(PREFIX, key_id) else None
    if row is None:
        raise KeyNotFound(key_id)
    return row


def list_keys(session: Session, limit: int, after: str | None = None) -> Sequence[KeyRow]:
    """Gives keys, newest first; `after` is the id of the last one seen."""
    return statements.list_keys(session, limit, after)


def revoke_key(session: Session, key_id: str) -> bool:
    """Makes a key useless for good and commits; False where it was revoked before.

    Raises:
        KeyNotFound: no key has this id.
    """
    get_key(session, key_id)
    revoked = statements.revoke_key(session, key_id, database_now(session))
    session.commit()
    return revoked


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
