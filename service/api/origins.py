"""Which names this server answers to, and which web pages may ask it: Host and Origin."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from service.domain.errors import ForeignOrigin, UnlistedHost


def check_host(host: str, allowed: Sequence[str]) -> None:
    """Refuses a Host that is not ours, so that a rebound DNS name cannot drive a server on loopback.

    Raises:
        UnlistedHost: the name (without port) is not in the list, or no host at all.
    """
    name = host.lower()
    if _network_location(f"//{name}") != name:
        raise UnlistedHost()
    if not name.endswith("]"):
        name = name.rpartition(":")[0] or name
    if "*" not in allowed and name not in allowed:
        raise UnlistedHost()


def check_origin(headers: Headers, allowed: Sequence[str]) -> None:
    """Refuses requests that another site's page makes in a browser.

    Raises:
        ForeignOrigin: an Origin that is neither this host nor listed.
    """
    origin = headers.get("origin")
    if origin is None or origin in allowed:
        return
    if not headers.get("host") or _network_location(origin) != headers["host"].lower():
        raise ForeignOrigin()


def _network_location(url: str) -> str | None:
    """Gives host and port of an address in small letters; None where it is none, such as "http://["."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # read for its check
    except ValueError:
        return None
    return parts.netloc.lower()
