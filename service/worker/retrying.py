"""Does a database transaction again, with growing waits, while the database is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from service.log import get_logger
from service.store.blob_folder import BlobsUnavailable

T = TypeVar("T")
_LONGEST_WAIT = 2.0

log = get_logger()


class Transactions:
    """Runs functions in sessions of their own; one that fails because the database is away is run again.

    A function may run twice although its commit went through and only the answer was lost, so it must see what it did
    before: by the job's token and state, by the number of a batch, or as a claim by what its worker holds.
    """

    def __init__(self, sessions: sessionmaker[Session], retry_seconds: float) -> None:
        self._sessions = sessions
        self._retry_seconds = retry_seconds

    def run(self, function: Callable[[Session], T]) -> T:
        """Gives what `function` gives.

        Raises:
            DBAPIError, BlobsUnavailable: the database, or the folder of KAN_BLOBS, was away for longer than the setting
                allows.
        """
        deadline = time.monotonic() + self._retry_seconds
        wait = 0.05
        while True:
            try:
                with self._sessions() as session:
                    return function(session)
            except (DBAPIError, PoolTimeout, BlobsUnavailable) as error:
                if not is_passing(error) or time.monotonic() + wait > deadline:
                    raise
                log.warning("database_away", error=type(error).__name__, wait_seconds=round(wait, 2))
            time.sleep(wait)
            wait = min(_LONGEST_WAIT, wait * 2)


def is_passing(error: Exception) -> bool:
    """Is this trouble of the database (away, locked, restarting), and not a defect of the statement?"""
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout | BlobsUnavailable)
