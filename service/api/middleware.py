"""The one middleware, pure ASGI: request id, who may ask, body limit, security headers, access line, last resort."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.body import LimitedBody
from service.api.problems import INTERNAL, domain_response, problem_response
from service.api.validation import STORE_TROUBLE, store_unavailable
from service.domain.errors import DomainError, ForeignOrigin, InvalidApiKey, UnlistedHost
from service.log import get_logger

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PROBES = ("/livez", "/readyz", "/v2/health/live", "/v2/health/ready")
# Read without a key: probes, what /docs needs, and the pages, which then hold no data (service/ui/rendering.py).
_OPEN = (*_PROBES, "/docs", "/openapi.json", "/static/", "/errors", "/datasets/", "/train", "/jobs", "/models")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}

log = get_logger()


@dataclass(frozen=True)
class EdgeRules:
    """Who may ask, and for how much.

    Attributes:
        hosts: names this server answers for, without port; "*" = any.
        origins: foreign origins whose pages may call, such as "https://lab.example".
        body_limit: bytes allowed for a path.
        authenticate: raises InvalidApiKey unless the token is good; None = no keys asked.
    """

    hosts: Sequence[str]
    origins: Sequence[str]
    body_limit: Callable[[str], int]
    authenticate: Callable[[str], object] | None = None


class RequestEdge:
    """Wraps the app: each request passes here once on its way in and once on its way out."""

    def __init__(self, app: ASGIApp, rules: EdgeRules) -> None:
        self.app = app
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, or passes lifespan events on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        scope.setdefault("state", {})["request_id"] = answer.request_id
        with structlog.contextvars.bound_contextvars(request_id=answer.request_id):
            try:
                await self._serve(scope, receive, answer)
            finally:
                answer.log()

    async def _serve(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._admit(scope)
            body = LimitedBody(scope, receive, self.rules.body_limit(scope["path"]))
            body.check_declared(Headers(scope=scope))
            answer.body = body
            await self.app(scope, body, answer)
        except DomainError as error:
            await answer.fail(domain_response(scope, error))
        except ClientDisconnect:
            log.info("client_left")
        except Exception:  # the request edge: whatever nobody foresaw becomes a 500 without its trace
            log.exception("unexpected_error", path=scope["path"])
            if answer.started:
                raise
            await answer.fail(problem_response(INTERNAL, scope, "the log has this request id and the reason"))
        await answer.refuse_overlong()

    async def _admit(self, scope: Scope) -> None:
        path, headers = scope["path"], Headers(scope=scope)
        if path not in _PROBES:
            check_host(headers.get("host", ""), self.rules.hosts)
        check_origin(headers, self.rules.origins)
        if self.rules.authenticate is None or path == "/" or path.startswith(_OPEN):
            return
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidApiKey()
        try:
            await run_in_threadpool(self.rules.authenticate, token.strip())
        except STORE_TROUBLE as error:  # FastAPI's handlers are further in
            raise store_unavailable(error) from None


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


class _Answer:
    """A `send` that adds the common headers and remembers what went out."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._began = time.perf_counter()
        came = Headers(scope=scope).get("x-request-id", "")
        self.request_id = came if _REQUEST_ID.fullmatch(came) else uuid4().hex
        self.started = False
        self.status = 0
        self.sent = 0
        self.body: LimitedBody | None = None

    async def __call__(self, message: Message) -> None:
        if self._overlong:
            return  # the app's own answer to the broken-off body; refuse_overlong gives the real one
        await self._pass_on(message)

    @property
    def _overlong(self) -> bool:
        return self.body is not None and self.body.refusal is not None and not self.started

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-ID"] = self.request_id
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
        await self._send(message)

    async def fail(self, response: Response) -> None:
        """Sends a problem unless an answer has begun."""
        if not self.started:
            await response(self._scope, _nothing_more, self._pass_on)

    async def refuse_overlong(self) -> None:
        """Sends the refusal of a body that was broken off, whatever the app made of it."""
        if self._overlong and self.body is not None and self.body.refusal is not None:
            response = domain_response(self._scope, self.body.refusal)
            response.headers["Connection"] = "close"  # the rest of the body is not read
            await self.fail(response)

    def log(self) -> None:
        """Writes the access line."""
        log.info(
            "request",
            method=self._scope["method"],
            path=self._scope["path"],
            status=self.status,
            ms=round((time.perf_counter() - self._began) * 1000, 2),
            bytes_in=self.body.read if self.body else 0,
            bytes_out=self.sent,
        )


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}
