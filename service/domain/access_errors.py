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
