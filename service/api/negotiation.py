"""Which format goes out, and when a browser or proxy may keep it: Accept, ETag, Cache-Control."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from fastapi import Request, Response

from service.domain.errors import NotAcceptable

JSON = "application/json"
CSV = "text/csv"
IMMUTABLE = "private, max-age=31536000, immutable"
CHANGING = "no-cache"


def chosen_format(request: Request, offered: Sequence[str]) -> str:
    """Gives the offered format that the Accept header likes best, the first one where it likes several alike.

    Raises:
        NotAcceptable: it names none of them.
    """
    media = liked_format(request.headers.get("accept", ""), offered)
    if media is None:
        raise NotAcceptable(offered)
    return media


def liked_format(accept: str, offered: Sequence[str]) -> str | None:
    """Gives the offered format that an Accept header likes best, the first of several alike; None: it likes none."""
    accept = accept.strip() or "*/*"
    if accept in ("*/*", offered[0]):  # spares the rest what nearly every client sends
        return offered[0]
    ranges = [_media_range(part) for part in accept.split(",") if part.strip()]
    weighed = [(_weight(media, ranges), -place, media) for place, media in enumerate(offered)]
    weight, _, media = max(weighed)
    return media if weight > 0 else None


def reads_gzip(accept_encoding: str) -> bool:
    """Does a client with this Accept-Encoding read gzip?"""
    codings = (_media_range(part) for part in accept_encoding.split(","))
    return any(name == "gzip" and weight > 0 for name, weight in codings)


def etag_of(*parts: object) -> str:
    """Gives a strong ETag for content that these parts determine."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass"))
    return f'"{digest.hexdigest()[:32]}"'


def is_known(request: Request, etag: str) -> bool:
    """Does the client hold this very content already (If-None-Match)?"""
    known = request.headers.get("if-none-match", "")
    return known.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}


def matched_tags(request: Request) -> set[str] | None:
    """Gives what If-Match names: strong tags without their quotes, or "*"; None where it is absent.

    A weak tag never matches (RFC 9110), so it is left out.
    """
    header = request.headers.get("if-match")
    if header is None:
        return None
    return {tag.strip().strip('"') for tag in header.split(",") if not tag.strip().startswith("W/")}


NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Not modified"}}


def revalidated(request: Request, content: str | bytes, etag: str | None = None, **more: str) -> Response:
    """Gives JSON that may change, with the ETag of its content; only a 304 where the client holds it already.

    Args:
        request: may hold If-None-Match.
        content: the JSON.
        etag: of the content, where it is not a hash of all of it.
        more: headers that both have.
    """
    headers = {"ETag": etag or etag_of(content), "Cache-Control": CHANGING, **more}
    if is_known(request, headers["ETag"]):
        return not_modified(headers)
    return Response(content, media_type=JSON, headers=headers)


def not_modified(headers: dict[str, str]) -> Response:
    """Gives the 304 with the headers that the 200 would have."""
    return Response(status_code=304, headers=headers)


def _media_range(text: str) -> tuple[str, float]:
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    weight = next((value for name, _, value in (item.partition("=") for item in parameters) if name == "q"), "1")
    try:
        return media, float(weight)
    except ValueError:
        return media, 0.0


def _weight(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Gives the weight by the most specific range that covers the format."""
    for pattern in (media, media.partition("/")[0] + "/*", "*/*"):
        for name, weight in ranges:
            if name == pattern:
                return weight
    return 0.0
