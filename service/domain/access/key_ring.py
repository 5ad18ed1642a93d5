"""The keys that called lately, so that a request with a good key need not ask the database."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from service.domain.access.access_errors import MissingScope
from service.domain.access.keys import (
    ADMIN,
    Token,
    authenticate,
    is_expired,
    is_secret_of,
    is_use_noted,
    note_use,
    read_token,
)
from service.domain.errors import InvalidApiKey
from service.store.changes import Changes
from service.store.engine import database_now
from service.store.tables import KeyRow

# After so long a key is looked up again whatever happened: it bounds how long a lost notice of a revocation counts, and
# its last use is noted then.
LOOK_AGAIN_SECONDS = 60.0
# Keys that are remembered.
_MAX_KEYS = 10_000
_AWAY = (OperationalError, InterfaceError, PoolTimeout)


@dataclass(frozen=True)
class Caller:
    """Who asks, and what for at most."""

    key_id: str
    scopes: frozenset[str]
    expires_at: datetime | None

    def require(self, scopes: Sequence[str]) -> None:
        """Passes when the key has one of these scopes, or none is needed.

        Raises:
            MissingScope: it has none of them.
        """
        if scopes and ADMIN not in self.scopes and self.scopes.isdisjoint(scopes):
            raise MissingScope(scopes)


@dataclass(frozen=True)
class _Known:
    caller: Caller
    secret_sha256: str
    mark: int | None
    looked_at: float


class KeyRing:
    """Remembers good keys for as long as nothing was written; safe to share between threads.

    Args:
        reading: sessions that only read.
        impatient: sessions for the date of the last use, which is left out where it would have to wait.
        changes: tell whether a key may have been revoked since it was looked up.
        away_seconds: how long a key that was good is let in while the database is away.
        clock: steady seconds.
        now: the time by which keys expire, aware.
    """

    def __init__(
        self,
        reading: sessionmaker[Session],
        impatient: sessionmaker[Session],
        changes: Changes,
        away_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._reading, self._impatient, self._changes = reading, impatient, changes
        self._away_seconds, self._clock, self._now = away_seconds, clock, now
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = Lock()

    def held(self, text: str) -> Caller | None:
        """Gives who a token belongs to, if that is known to be still right; never waits.

        Raises:
            InvalidApiKey: it is no token, or its key has expired.
        """
        token = read_token(text)
        known = self._known_by(token, LOOK_AGAIN_SECONDS)
        if known is None or known.mark is None or known.mark != self._changes.mark():
            return None
        return known.caller

    def find(self, text: str) -> Caller:
        """Gives who a token belongs to; while the database is away, who it belonged to when it was asked last.

        Raises:
            InvalidApiKey: nobody, or nobody any more.
        """
        token = read_token(text)
        # Before the look: what is written during it must count as new.
        mark, looked_at = self._changes.mark(), self._clock()
        try:
            row = self._look_up(token)
        except InvalidApiKey:
            self.forget(token.key_id)
            raise
        except _AWAY:
            known = self._known_by(token, self._away_seconds)
            if known is None:
                raise
            return known.caller
        caller = Caller(row.id, frozenset(row.scopes), row.expires_at)
        self._keep(_Known(caller, row.secret_sha256, mark, looked_at))
        return caller

    def forget(self, key_id: str) -> None:
        """Forgets a key, which this process has revoked."""
        with self._lock:
            self._known.pop(key_id, None)

    def _known_by(self, token: Token, max_age_seconds: float) -> _Known | None:
        known = self._known.get(token.key_id)
        if known is None or not is_secret_of(token, known.secret_sha256):
            return None
        if is_expired(known.caller.expires_at, self._now()):
            raise InvalidApiKey
        return known if self._clock() - known.looked_at <= max_age_seconds else None

    def _look_up(self, token: Token) -> KeyRow:
        with self._reading() as session:
            now = database_now(session)
            row = authenticate(session, token, now)
        if not is_use_noted(row, now):
            # A date that is missing harms nobody; a request that waits for it, or fails with it, would.
            with suppress(SQLAlchemyError), self._impatient() as session:
                note_use(session, row.id, now)
        return row

    def _keep(self, known: _Known) -> None:
        with self._lock:
            self._known[known.caller.key_id] = known
            self._known.move_to_end(known.caller.key_id)
            while len(self._known) > _MAX_KEYS:
                self._known.popitem(last=False)
