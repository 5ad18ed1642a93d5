"""Versions that are ready to answer: which one a name and number mean, and its network, without asking the database."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from service.domain.model_cache import LoadedModel, ModelCache
from service.domain.models import get_version
from service.store.changes import Changes
from service.store.tables import VersionRow

# Names that are remembered; a row is small beside its network.
_MAX_ROWS = 1_000
_AWAY = (OperationalError, InterfaceError, PoolTimeout)


class Served(NamedTuple):
    """A version with its network."""

    row: VersionRow
    model: LoadedModel


@dataclass(frozen=True, eq=False)
class _Known:
    row: VersionRow
    mark: int | None
    writes: int


class ServedModels:
    """Remembers what names mean for as long as nothing was written; safe to share between threads."""

    def __init__(self, sessions: sessionmaker[Session], cache: ModelCache, changes: Changes) -> None:
        self._sessions, self._cache, self._changes = sessions, cache, changes
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._lock = Lock()
        self._writes = 0

    def forget(self) -> None:
        """Notes that this process wrote, which it need not be told by the database."""
        with self._lock:
            self._writes += 1

    def let_go(self, name: str) -> None:
        """Frees what is held of a model of which something was deleted; what is left is loaded again when asked for."""
        with self._lock:
            rows = [self._known.pop(key).row for key in list(self._known) if key[0] == name]
        for row in rows:
            self._cache.drop(row)

    def held(self, name: str, version: str) -> Served | None:
        """Gives a version that is known to be right and whose network is loaded; never waits."""
        known = self._known.get((name, version))
        if known is None or known.mark is None or (known.mark, known.writes) != (self._changes.mark(), self._writes):
            return None
        model = self._cache.held(known.row)
        return None if model is None else Served(known.row, model)

    def find(self, name: str, version: str) -> Served:
        """Gives a version; while the database is away, what the name meant last.

        Raises:
            ModelNotFound, VersionNotFound: no such thing.
            StoredDataDamaged: the stored bytes are no checkpoint.
        """
        # Before the look: what is written during it must count as new.
        mark, writes = self._changes.mark(), self._writes
        try:
            with self._sessions() as session:
                row = get_version(session, name, version)
                model = self._cache.model_of(session, row)
        except _AWAY:
            last = self._last(name, version)
            if last is None:
                raise
            return last
        with self._lock:
            self._known[name, version] = _Known(row, mark, writes)
            self._known.move_to_end((name, version))
            while len(self._known) > _MAX_ROWS:
                self._known.popitem(last=False)
        return Served(row, model)

    def _last(self, name: str, version: str) -> Served | None:
        known = self._known.get((name, version))
        model = None if known is None else self._cache.held(known.row)
        return None if known is None or model is None else Served(known.row, model)
