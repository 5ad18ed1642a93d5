"""One fault in a spec, as it is refused."""

from __future__ import annotations

from service.domain.errors import Fault, InvalidSpec


def invalid(pointer: str, code: str, message: str) -> InvalidSpec:
    """Gives the error that points at one wrong value."""
    return InvalidSpec(f"{pointer}: {message}", [Fault(pointer, code, message)])
