"""The one middleware, pure ASGI: request id, who may ask, body limit, security headers, access line, last resort."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from secrets import token_hex

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

from service.api.admission import EdgeRules, Visit
from service.api.body import LimitedBody
from service.api.problems import EDGE_PROBLEMS, INTERNAL, domain_response, problem_response
from service.api.route_templates import RouteTemplates
from service.api.traced_requests import traced_request
from service.domain.errors import DomainError
from service.log import get_logger
from service.tracing import read_traceparent

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# As ASGI sends them; an answer's own value of the same name holds.
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)

log = get_logger()


class RequestEdge:
    """Wraps the app: each request passes here once on its way in and once on its way out."""

    def __init__(self, app: ASGIApp, rules: EdgeRules, templates: RouteTemplates) -> None:
        self.app = app
        self.rules = rules
        self.templates = templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, or passes lifespan events on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = _sent_headers(scope)
        # A cache must not give one page what another may read.
        answer = _Answer(scope, send, headers, varies=bool(self.rules.origins))
        scope.setdefault("state", {})["request_id"] = answer.request_id
        traceparent = read_traceparent(headers.get("traceparent"))
        bound = bind_contextvars(request_id=answer.request_id)
        try:
            if traceparent is None and self.rules.spans is None:
                await self._count(scope, receive, answer, headers)
            else:
                await self._trace(scope, receive, answer, headers, traceparent)
        finally:
            reset_contextvars(**bound)

    async def _trace(
        self, scope: Scope, receive: Receive, answer: _Answer, headers: Mapping[str, str], traceparent: str | None
    ) -> None:
        """Serves a request as part of the caller's trace, and of our own where somebody watches."""
        with traced_request(self.rules.spans, traceparent, scope["method"]) as span:
            await self._count(scope, receive, answer, headers)
            if span is not None:
                method, template = self.templates.of(scope)
                span.name(f"{method} {template}")
                span.note({"http.request.method": method, "http.route": template})
                span.note({"http.response.status_code": answer.status, "kan.request_id": answer.request_id})
                if answer.status >= 500:
                    span.fail(f"status {answer.status}")

    async def _count(self, scope: Scope, receive: Receive, answer: _Answer, headers: Mapping[str, str]) -> None:
        try:
            await self._serve(scope, receive, answer, headers)
        finally:
            seconds = answer.seconds()
            self.rules.requests.add(*self.templates.of(scope), answer.status, seconds)
            answer.log(seconds)

    async def _serve(self, scope: Scope, receive: Receive, answer: _Answer, headers: Mapping[str, str]) -> None:
        if not scope["path"].isprintable():
            # A route's pattern lets a line break pass at its end, where the rules by path would miss the route.
            await answer.fail(problem_response(EDGE_PROBLEMS[404], scope, "no address holds control characters"))
            return
        visit = Visit(self.rules)
        try:
            answer.visit = visit
            await visit.enter(scope, headers)
            most, depth = self.rules.body_limits(scope["path"], headers.get("content-type", ""))
            body = LimitedBody(scope, receive, most, self.rules.bodies, depth)
            body.check_declared(headers)
            answer.body = body
            await (visit.answer or self.app)(scope, body, answer)
        except DomainError as error:
            await answer.fail(domain_response(scope, error))
        except ClientDisconnect:
            log.info("client_left")
        except Exception:  # the request edge: whatever nobody foresaw becomes a 500 without its trace
            log.exception("unexpected_error", path=scope["path"])
            if answer.started:
                raise
            await answer.fail(problem_response(INTERNAL, scope, "the log has this request id and the reason"))
        finally:
            visit.leave()
            if answer.body is not None:
                answer.body.drop()
        await answer.refuse_overlong()


class _Answer:
    """A `send` that adds the common headers and remembers what went out."""

    def __init__(self, scope: Scope, send: Send, headers: Mapping[str, str], varies: bool) -> None:
        self._scope, self._send = scope, send
        self.varies = varies
        self._began = time.perf_counter()
        came = headers.get("x-request-id", "")
        self.request_id = came if _REQUEST_ID.fullmatch(came) else token_hex(16)
        self._made = ""
        self.started = False
        self.status = 0
        self.sent = 0
        self.body: LimitedBody | None = None
        self.visit: Visit | None = None

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
            self._complete(message)
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
        await self._send(message)

    def _complete(self, message: Message) -> None:
        raw = list(message.get("headers", ()))
        named = {name for name, _ in raw}
        if b"location" in named:
            self._made = _job_of(dict(raw)[b"location"].decode("latin-1"))
        raw += [header for header in _HEADERS if header[0] not in named]
        raw.append((b"x-request-id", self.request_id.encode()))
        if self.visit is not None:
            raw += [(name.lower().encode(), value.encode("latin-1")) for name, value in self.visit.headers.items()]
        message["headers"] = raw
        if self.varies:
            MutableHeaders(scope=message).add_vary_header("Origin")

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

    def _job(self) -> dict[str, str]:
        """Gives the job that the request asked for or made, for its line."""
        job_id = self._scope.get("path_params", {}).get("job_id") or self._made
        return {"job_id": job_id} if job_id else {}

    def seconds(self) -> float:
        """Gives the time since the request came."""
        return time.perf_counter() - self._began

    def log(self, seconds: float) -> None:
        """Writes the access line."""
        log.info(
            "request",
            method=self._scope["method"],
            path=self._scope["path"],
            status=self.status,
            **self._job(),
            ms=round(seconds * 1000, 2),
            bytes_in=self.body.read if self.body else 0,
            bytes_out=self.sent,
        )


def _sent_headers(scope: Scope) -> dict[str, str]:
    """Gives the headers by name, the first of each: nine looks into a list would cost a dozen microseconds."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}


def _job_of(location: str) -> str:
    """Gives the id of the job at an address, nothing where it is another thing."""
    where, _, job_id = location.rpartition("/")
    return job_id if where == "/v1/jobs" else ""


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}
