"""Who may ask: the right Host, no foreign Origin, a key with the scope, and not one request too many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Scope

from service.api.held_bytes import HeldBytes
from service.api.origins import check_host, check_origin, preflight, shared_headers
from service.api.scopes import PROBES, is_open, scopes_needed
from service.api.validation import STORE_TROUBLE, store_unavailable
from service.domain.access.access_errors import TooManyRequests
from service.domain.access.key_ring import Caller, KeyRing
from service.domain.access.quotas import WINDOW_SECONDS, Allowance, Quota
from service.domain.access.tallies import RequestTallies
from service.domain.errors import InvalidApiKey
from service.telemetry import Spans

# The name under which those without a key are counted, all together.
_KEYLESS = ""


@dataclass(frozen=True)
class EdgeRules:
    """Who may ask, and for how much.

    Attributes:
        hosts: names this server answers for, without port; "*" = any.
        origins: foreign origins whose pages may call, such as "https://lab.example".
        body_limits: bytes and levels of JSON allowed for a path and a media type; None levels = any.
        bodies: how many bytes all may send together.
        everybody: how many requests all may have open together.
        each: how much one key may ask.
        requests: counts what was answered.
        spans: where spans of requests go; None = nowhere.
        keys: know who a token belongs to; None = no keys asked.
        counts_keyless: does `each` hold for those without a key too?
    """

    hosts: Sequence[str]
    origins: Sequence[str]
    body_limits: Callable[[str, str], tuple[int, int | None]]
    bodies: HeldBytes
    everybody: Quota
    each: Quota
    requests: RequestTallies
    spans: Spans | None = None
    keys: KeyRing | None = None
    counts_keyless: bool = False


class Visit:
    """One request's way in, and what it must give back on its way out.

    Attributes:
        headers: of its answer, whatever that is.
        answer: to what no route needs to see, None where one shall answer.
    """

    def __init__(self, rules: EdgeRules) -> None:
        self._rules = rules
        self._places: list[tuple[Quota, str]] = []
        self.headers: dict[str, str] = {}
        self.answer: Response | None = None

    async def enter(self, scope: Scope, headers: Mapping[str, str]) -> None:
        """Lets the request in; whatever happened, `leave` follows.

        Raises:
            UnlistedHost, ForeignOrigin, InvalidApiKey, MissingScope: it may not ask.
            TooManyRequests, TooManyAtOnce, Overloaded: not now.
            StoreUnavailable: its key cannot be looked up.
        """
        rules, path = self._rules, scope["path"]
        # One that asks for more is no probe: it comes from somebody, who knows our name.
        if path in PROBES and not scope.get("query_string"):
            check_origin(headers, rules.origins)
            return
        check_host(headers.get("host", ""), rules.hosts)
        check_origin(headers, rules.origins)
        if rules.origins:
            self.headers |= shared_headers(headers, rules.origins)
            self.answer = preflight(scope["method"], headers, rules.origins)
        self._take_place(rules.everybody, _KEYLESS)
        if self.answer is None:
            await self._count(scope, headers)

    async def _count(self, scope: Scope, headers: Mapping[str, str]) -> None:
        rules, path = self._rules, scope["path"]
        if rules.keys is not None and not is_open(path):
            caller = await _caller(headers, rules.keys)
            # For the access line: who asked, never with what secret.
            structlog.contextvars.bind_contextvars(key_id=caller.key_id)
            scope.setdefault("state", {})["key_id"] = caller.key_id
            caller.require(scopes_needed(scope["method"], path))
            self._take_place(rules.each, caller.key_id)
        elif rules.counts_keyless:
            self._take_place(rules.each, _KEYLESS)

    def leave(self) -> None:
        """Gives its places back."""
        for quota, name in self._places:
            quota.leave(name)

    def _take_place(self, quota: Quota, name: str) -> None:
        try:
            allowance = quota.enter(name)
        except TooManyRequests as error:
            self.headers |= _rate_headers(Allowance(error.limit, 0, error.retry_after_seconds))
            raise
        self._places.append((quota, name))
        if allowance is not None:
            self.headers |= _rate_headers(allowance)


def _rate_headers(allowance: Allowance) -> dict[str, str]:
    """Gives what is left, as draft-ietf-httpapi-ratelimit-headers-11 writes it."""
    return {
        "RateLimit-Policy": f'"key";q={allowance.limit};w={WINDOW_SECONDS}',
        "RateLimit": f'"key";r={allowance.remaining};t={allowance.reset_seconds}',
    }


def bearer_token(headers: Mapping[str, str]) -> str:
    """Gives what a caller shows.

    Raises:
        InvalidApiKey: nothing.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidApiKey()
    return token.strip()


async def _caller(headers: Mapping[str, str], keys: KeyRing) -> Caller:
    """Gives who asks, at once where the key called lately.

    Raises:
        InvalidApiKey: nobody that we know.
        StoreUnavailable: it cannot be looked up.
    """
    token = bearer_token(headers)
    try:
        caller = keys.held(token)
        return caller if caller is not None else await run_in_threadpool(keys.find, token)
    except STORE_TROUBLE as error:  # FastAPI's handlers are further in
        raise store_unavailable(error) from None
