"""One uploaded table from a request: the body itself, or the field `file` of a form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.message import Message
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from service.domain.errors import Fault, InvalidTable, MalformedBody, UnsupportedMediaType
from service.domain.tables.parsed import TableLimits
from service.domain.tables.upload import ARROW, CSV, JSON, MEDIA_TYPES, NDJSON, NPY, PARQUET

FORM = "multipart/form-data"
ACCEPTED = (*MEDIA_TYPES, FORM)

_ALIASES = {
    "text/tab-separated-values": CSV,
    "application/ndjson": NDJSON,
    "application/jsonl": NDJSON,
    "application/x-jsonlines": NDJSON,
    "application/parquet": PARQUET,
    "application/x-parquet": PARQUET,
    "application/npy": NPY,
}
_BY_SUFFIX = {
    ".csv": CSV,
    ".tsv": CSV,
    ".txt": CSV,
    ".json": JSON,
    ".ndjson": NDJSON,
    ".jsonl": NDJSON,
    ".parquet": PARQUET,
    ".arrow": ARROW,
    ".arrows": ARROW,
    ".npy": NPY,
}


@dataclass(frozen=True)
class Upload:
    """Bytes with what the request says about them.

    Attributes:
        media_type: one of `MEDIA_TYPES`.
        name: from a form's field `name`, None where it has none.
        file_name: of a form's file, without folder and suffix.
        units: from a form's field `units`, as JSON.
        sent_bytes: of the whole body as it came, None where it was not packed.
    """

    data: bytes
    media_type: str
    name: str | None = None
    file_name: str | None = None
    units: str | None = None
    sent_bytes: int | None = None

    def within(self, limits: TableLimits) -> TableLimits:
        """Gives the limits for a table of this body, which know how small it came."""
        return limits if self.sent_bytes is None else replace(limits, sent_bytes=self.sent_bytes)


async def read_upload(request: Request) -> Upload:
    """Gives the uploaded table; the middleware counts its bytes while they come.

    Raises:
        UnsupportedMediaType: no Content-Type that is read here.
        MalformedBody, InvalidTable: a form that is broken, or has no file.
    """
    media_type, charset = _content_type(request.headers.get("content-type", ""))
    if media_type == FORM:
        return await _from_form(request)
    if media_type not in MEDIA_TYPES or charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType(ACCEPTED)
    return Upload(await request.body(), media_type, sent_bytes=_sent_bytes(request))


UploadDep = Annotated[Upload, Depends(read_upload)]


def _sent_bytes(request: Request) -> int | None:
    sent: int | None = request.scope["state"].get("sent_bytes")
    return sent


def _content_type(header: str) -> tuple[str, str]:
    if header in MEDIA_TYPES:  # spares the parser what nearly every client sends
        return header, "utf-8"
    message = Message()
    message["content-type"] = header.replace("\r", "").replace("\n", "") or "none/none"
    media_type = message.get_content_type()
    return _ALIASES.get(media_type, media_type), (message.get_content_charset("utf-8") or "utf-8").lower()


async def read_form(request: Request) -> FormData:
    """Gives a form of one file; who asks for it closes it.

    Raises:
        MalformedBody: it is broken, or written in no character set that there is.
    """
    try:
        return await request.form(max_files=1, max_fields=10)
    except HTTPException as error:
        raise MalformedBody(f"the form cannot be read: {error.detail}") from None
    except (UnicodeError, LookupError):
        raise MalformedBody("the form cannot be read: expected UTF-8") from None


async def _from_form(request: Request) -> Upload:
    form = await read_form(request)
    try:
        return replace(await _from_fields(form), sent_bytes=_sent_bytes(request))
    finally:
        await form.close()


async def _from_fields(form: FormData) -> Upload:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        fault = Fault("/file", "missing", "expected a form with one file in the field `file`")
        raise InvalidTable(fault.message, [fault])
    path = PurePosixPath((file.filename or "").replace("\\", "/"))
    media_type, _ = _content_type(file.content_type or "")
    if media_type not in MEDIA_TYPES:
        media_type = _BY_SUFFIX.get(path.suffix.lower(), "")
    if media_type not in MEDIA_TYPES:
        raise UnsupportedMediaType((*MEDIA_TYPES, f"or a file name that ends in {', '.join(_BY_SUFFIX)}"))
    words = {field: form.get(field) for field in ("name", "units")}
    given = {field: word for field, word in words.items() if isinstance(word, str) and word}
    return Upload(await file.read(), media_type, given.get("name"), path.stem, given.get("units"))
