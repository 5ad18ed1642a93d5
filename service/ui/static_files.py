"""The files that pages are made of: scripts, styles, sample tables; a list that is closed when it is first read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from fastapi import APIRouter, HTTPException, Request, Response

router = APIRouter(include_in_schema=False)

_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".csv": "text/csv",
}


@dataclass(frozen=True)
class StaticFile:
    """One file as it is sent."""

    content: bytes
    media_type: str
    etag: str


@router.get("/static/{path:path}")
def static_file(path: str, request: Request) -> Response:
    """Serves a file of the package; a name that is not in the list is no file, wherever it points."""
    found = static_files().get(path)
    if found is None:
        raise HTTPException(404)
    headers = {"ETag": found.etag, "Cache-Control": "no-cache"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if found.etag in known:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)


@lru_cache
def static_files() -> Mapping[str, StaticFile]:
    """Gives every file under static/ of a known type, by its path there."""
    return dict(_found(files("service.ui").joinpath("static"), PurePosixPath()))


def _found(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[str, StaticFile]]:
    for entry in folder.iterdir():
        here = path / entry.name
        if entry.is_dir():
            yield from _found(entry, here)
        elif here.suffix in _MEDIA_TYPES:
            content = entry.read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            yield str(here), StaticFile(content, _MEDIA_TYPES[here.suffix], etag)
