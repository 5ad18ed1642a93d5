"""What can go wrong with who asks, as `service/domain/errors.py` says it of what is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.errors import DomainError, Fault


class MissingScope(DomainError):
    """A good key that may not do this; the detail names the scope that it lacks."""

    def __init__(self, scopes: Sequence[str]) -> None:
        super().__init__(f"this needs a key with the scope {' or '.join(scopes)}; kan keys create --scope makes one")
        self.scopes = tuple(scopes)


class KeyNotFound(DomainError):
    """No API key has this id."""

    def __init__(self, key_id: str) -> None:
        super().__init__("no API key has this id; GET /v1/keys lists them")
        self.key_id = key_id


class InvalidKey(DomainError):
    """A key that cannot be made: its name is none, or it would have expired already."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(f"{pointer}: {message}", [Fault(pointer, "invalid_value", message)])


class TooManyRequests(DomainError):
    """A caller that has used up the requests of a minute."""

    def __init__(self, limit: int, retry_after_seconds: int) -> None:
        super().__init__(f"{limit:,} requests a minute are allowed; go on after the seconds that Retry-After says")
        self.limit = limit
        self.retry_after_seconds: int = retry_after_seconds


class TooManyAtOnce(DomainError):
    """A caller with as many open requests as it may have."""

    retry_after_seconds = 1

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit:,} requests at once are allowed; wait for the answer to one of them")
        self.limit = limit


class Overloaded(DomainError):
    """This process serves as many requests, or bytes of bodies, as it can; none of the caller's doing."""

    retry_after_seconds = 1

    def __init__(self, limit: int, what: str = "requests") -> None:
        super().__init__(f"{limit:,} {what} are being served already; try again in a moment")
        self.limit = limit


class ShuttingDown(DomainError):
    """This process was told to end, and takes its last requests."""

    retry_after_seconds = 1

    def __init__(self) -> None:
        super().__init__("this process is about to end; ask another one, or again in a moment")
