"""Which names this server answers to, and which web pages may ask it and read the answer: Host, Origin, CORS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.responses import Response

from service.domain.errors import ForeignOrigin, UnlistedHost

# What a listed page may send, and read of the answer, beside what every page may.
_SENT = (
    "Accept, Authorization, Content-Encoding, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
    "Inference-Header-Content-Length, Last-Event-ID, Prefer, Traceparent, X-Request-ID"
)
_READ = (
    "Content-Disposition, Content-Location, ETag, Idempotency-Replayed, Inference-Header-Content-Length, Link, "
    "Location, RateLimit, RateLimit-Policy, Retry-After, X-Export-Certificate, X-Model-Version, X-Request-ID"
)
_PREFLIGHT_SECONDS = 600


def host_named(address: str) -> str:
    """Gives a name or an address as a Host header says it: an IPv6 one in brackets, and short."""
    try:
        found = ip_address(address)
    except ValueError:
        return address.lower()
    return f"[{found.compressed}]" if found.version == 6 else address


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


def check_origin(headers: Mapping[str, str], allowed: Sequence[str]) -> None:
    """Refuses requests that another site's page makes in a browser.

    Raises:
        ForeignOrigin: an Origin that is neither this host nor listed.
    """
    origin = headers.get("origin")
    if origin is None or origin in allowed:
        return
    if not headers.get("host") or _network_location(origin) != headers["host"].lower():
        raise ForeignOrigin()


def shared_headers(headers: Mapping[str, str], allowed: Sequence[str]) -> dict[str, str]:
    """Gives what lets a listed page read the answer; no cookies are ever asked for, so none are allowed."""
    origin = headers.get("origin")
    if origin is None or origin not in allowed:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _READ}


def preflight(method: str, headers: Mapping[str, str], allowed: Sequence[str]) -> Response | None:
    """Gives the answer to a browser that asks whether a listed page may ask; None where it is another request."""
    if method != "OPTIONS" or headers.get("origin") not in allowed or "access-control-request-method" not in headers:
        return None
    answer = {
        "Access-Control-Allow-Methods": "DELETE, GET, HEAD, PATCH, POST, PUT",
        "Access-Control-Allow-Headers": _SENT,
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
    return Response(status_code=204, headers=answer)


def _network_location(url: str) -> str | None:
    """Gives host and port of an address in small letters; None where it is none, such as "http://["."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # read for its check
    except ValueError:
        return None
    return parts.netloc.lower()
