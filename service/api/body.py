"""Reads a request's body within its limit: counts while it streams, and unpacks gzip under the same limit.

A body that unpacks to far more than what came is a bomb, and refused long before the limit.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from starlette.types import Message, Receive, Scope

from service.api.held_bytes import HeldBytes
from service.api.json_depth import is_deeper
from service.domain.errors import BodyTooLarge, DomainError, MalformedBody, UnsupportedMediaType
from service.domain.prediction_forms.columns import PREDICT_JOB
from service.domain.tables.parsed import bomb, most_unpacked


class LimitedBody:
    """A `receive` that stops with BodyTooLarge as soon as more than `limit` (unpacked) bytes have come.

    Args:
        scope: of the request.
        receive: gives the raw messages.
        limit: of this body (bytes).
        held: counts the bytes of all bodies.
        max_depth: of its JSON (levels); None where it is none, or its reader knows its shape.

    Attributes:
        read: unpacked bytes so far.
        refusal: why reading stopped, None while all is well. The app may hide the exception
            (FastAPI makes any into a 400), so the middleware looks here.
    """

    def __init__(
        self, scope: Scope, receive: Receive, limit: int, held: HeldBytes, max_depth: int | None = None
    ) -> None:
        self._receive = receive
        self._limit = limit
        self._held = held
        self._max_depth = max_depth
        self._parts: list[bytes] = []
        self._packed = 0
        self._state = scope.setdefault("state", {})
        self._unpack = _unpacker(scope)
        self._hint = PREDICT_JOB if scope["path"].endswith("/predict") else "GET /v1/limits lists all limits"
        self.read = 0
        self.refusal: DomainError | None = None

    def check_declared(self, headers: Mapping[str, str]) -> None:
        """Refuses by Content-Length, before a byte is read.

        Raises:
            BodyTooLarge: the declared length is over the limit.
        """
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._limit:
            raise self._too_large()

    async def __call__(self) -> Message:
        """Gives the next message, its body unpacked.

        Raises:
            BodyTooLarge: over the limit.
            MalformedBody: no gzip although Content-Encoding says so, or JSON that is nested too deeply.
        """
        message = await self._receive()
        if message["type"] != "http.request":
            return message
        last = not message.get("more_body", False)
        try:
            body = self._unpacked(message.get("body", b""), last)
            self._held.add(len(body))
            self._check_depth(body, last)
        except DomainError as error:
            self.refusal = error
            raise
        self.read += len(body)
        return {**message, "body": body}

    def drop(self) -> None:
        """Says that the request has ended, and its bytes are held no longer."""
        self._held.drop(self.read)

    def _unpacked(self, chunk: bytes, last: bool) -> bytes:
        room = self._limit - self.read
        if self._unpack is None:
            if len(chunk) > room:
                raise self._too_large()
            return chunk
        self._packed += len(chunk)
        # A table in it may be packed once more: what it becomes is measured by what came.
        self._state["sent_bytes"] = self._packed
        # What is unpacked at one time is bounded too: a bomb never comes to lie in memory.
        calm = most_unpacked(self._packed) - self.read
        body = _gunzip(self._unpack, chunk, min(room, calm) + 1)
        if len(body) > room:
            raise self._too_large()
        if len(body) > calm:
            raise bomb()
        if last and (not self._unpack.eof or self._unpack.unused_data):
            raise MalformedBody("the gzip body is cut off, or goes on after its end")
        return body

    def _check_depth(self, body: bytes, last: bool) -> None:
        if self._max_depth is None:
            return
        self._parts.append(body)
        if last and is_deeper(b"".join(self._parts), self._max_depth):
            raise MalformedBody(f"the body is nested too deeply: expected at most {self._max_depth} levels of JSON")

    def _too_large(self) -> BodyTooLarge:
        what = "bytes (unpacked)" if self._unpack else "bytes"
        return BodyTooLarge(what, self._limit, self._hint)


def _gunzip(unpack: zlib._Decompress, chunk: bytes, most: int) -> bytes:
    try:
        return unpack.decompress(chunk, most)
    except zlib.error:
        raise MalformedBody("the body is not gzip although Content-Encoding says so") from None


def _unpacker(scope: Scope) -> zlib._Decompress | None:
    """Gives a gzip unpacker when the body is packed, and drops the header so that nobody unpacks twice.

    Raises:
        UnsupportedMediaType: another Content-Encoding.
    """
    sent = [value for name, value in scope["headers"] if name == b"content-encoding"]
    encoding = sent[0].decode("latin-1").strip().lower() if sent else ""
    if encoding in ("", "identity"):
        return None
    if encoding not in ("gzip", "x-gzip"):
        raise UnsupportedMediaType(("gzip", "identity"), "Content-Encoding")
    # The packed length would be wrong for what the route reads.
    dropped = (b"content-encoding", b"content-length")
    scope["headers"] = [(name, value) for name, value in scope["headers"] if name.lower() not in dropped]
    return zlib.decompressobj(wbits=31)
