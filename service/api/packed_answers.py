"""Pages and what they are made of go out packed with gzip where the client reads it: text packs to a tenth."""

from __future__ import annotations

import zlib

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.negotiation import JSON, reads_gzip

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
# Ends the tag of a packed answer: a strong tag names bytes, and these are others. No tag of ours ends so by itself.
_PACKED_TAG, _PLAIN_TAG = '.gz"', '"'
_CONDITIONS = (b"if-match", b"if-none-match")


class PackedAnswers:
    """Wraps the app: answers to GET that are text and large; a prediction and a stream pass untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        knows_packed = _restore_tags(scope)
        if scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        is_read = reads_gzip(Headers(scope=scope).get("accept-encoding", ""))
        await self.app(scope, receive, _Packing(send, is_read, knows_packed))


class _Packing:
    """A `send` that holds the head of an answer back until its body tells how long it is."""

    def __init__(self, send: Send, is_read: bool, knows_packed: bool) -> None:
        self._send, self._is_read, self._knows_packed = send, is_read, knows_packed
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if _is_worth_it(message):
                self._start = message
                return
            if message["status"] == 304 and self._knows_packed:
                _mark_tag(MutableHeaders(scope=message))
        start, self._start = self._start, None
        if start is not None:
            headers = MutableHeaders(scope=start)
            headers.add_vary_header("Accept-Encoding")
            if self._is_read and not message.get("more_body", False):
                message = {**message, "body": await _packed(message["body"])}
                headers["Content-Encoding"] = "gzip"
                headers["Content-Length"] = str(len(message["body"]))
                _mark_tag(headers)
            await self._send(start)
        await self._send(message)


def _is_worth_it(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    media_type = headers.get("content-type", "").partition(";")[0]
    least = _LEAST_BYTES.get(media_type)
    if least is None or start["status"] != 200 or "content-encoding" in headers:
        return False
    return int(headers.get("content-length", "0")) >= least


async def _packed(body: bytes) -> bytes:
    if len(body) <= _QUICK_BYTES:
        return zlib.compress(body, _LEVEL, _GZIP)
    return await to_thread.run_sync(zlib.compress, body, _LEVEL, _GZIP)


def _restore_tags(scope: Scope) -> bool:
    """Gives conditions the tags of what was packed, which is all that the routes know; was there one to give?"""
    sent = scope["headers"]
    packed, plain = _PACKED_TAG.encode(), _PLAIN_TAG.encode()
    scope["headers"] = [(name, value.replace(packed, plain) if name in _CONDITIONS else value) for name, value in sent]
    return bool(scope["headers"] != sent)


def _mark_tag(headers: MutableHeaders) -> None:
    if "etag" in headers:
        headers["ETag"] = headers["ETag"].removesuffix(_PLAIN_TAG) + _PACKED_TAG
