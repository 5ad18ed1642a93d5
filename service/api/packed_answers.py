"""Pages and what they are made of go out packed with gzip where the client reads it: text packs to a tenth."""

from __future__ import annotations

import zlib

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.negotiation import CHANGING, JSON, reads_gzip

# What is smaller fits a packet or two anyway. Tables, networks and event streams are not packed.
_LEAST_BYTES = {
    "text/html": 1_024,
    "text/css": 1_024,
    "text/javascript": 1_024,
    "image/svg+xml": 1_024,
    JSON: 16_384,
}
# Above it the event loop would stand still for more than a millisecond.
_QUICK_BYTES = 32_768
_LEVEL = 6
_GZIP = 16 + zlib.MAX_WBITS


class PackedAnswers:
    """Wraps the app: answers to GET that are text and large; a prediction and a stream pass untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        accepted = Headers(scope=scope).get("accept-encoding", "")
        await self.app(scope, receive, _Packing(send, reads_gzip(accepted)))


class _Packing:
    """A `send` that holds the head of an answer back until its body tells how long it is."""

    def __init__(self, send: Send, is_read: bool) -> None:
        self._send, self._is_read = send, is_read
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_worth_it(message):
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            headers = MutableHeaders(scope=start)
            headers.add_vary_header("Accept-Encoding")
            if self._is_read and not message.get("more_body", False):
                message = {**message, "body": await _packed(message["body"])}
                _describe(headers, len(message["body"]))
            await self._send(start)
        await self._send(message)


def _is_worth_it(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    media_type = headers.get("content-type", "").partition(";")[0]
    least = _LEAST_BYTES.get(media_type)
    if least is None or start["status"] != 200 or "content-encoding" in headers:
        return False
    # If-Match compares the tags of such resources, and a packed answer has only a weak one.
    is_compared = media_type == JSON and "etag" in headers and headers.get("cache-control") == CHANGING
    return not is_compared and int(headers.get("content-length", "0")) >= least


async def _packed(body: bytes) -> bytes:
    if len(body) <= _QUICK_BYTES:
        return zlib.compress(body, _LEVEL, _GZIP)
    return await to_thread.run_sync(zlib.compress, body, _LEVEL, _GZIP)


def _describe(headers: MutableHeaders, n_bytes: int) -> None:
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(n_bytes)
    # Other bytes than the ones a strong tag names.
    if "etag" in headers and not headers["etag"].startswith("W/"):
        headers["ETag"] = f"W/{headers['etag']}"
