"""Turns what FastAPI, Starlette and the database driver raise into problems, without echoing what was sent."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from service.api.addresses import Addresses
from service.api.problems import EDGE_PROBLEMS, INTERNAL, INVALID_REQUEST, domain_response, problem_response
from service.api.schemas.job_specs import TAG
from service.domain.errors import DomainError, Fault, MalformedBody, StoreUnavailable, UnsupportedMediaType
from service.log import get_logger
from service.store.blob_folder import BlobsUnavailable

# pydantic says these of a body that was not read as JSON because of its Content-Type.
_UNREAD_BODY = {"model_attributes_type", "dict_type", "model_type", "union_tag_not_found"}

# Away, locked, restarting, or asked by too many at once.
STORE_TROUBLE: tuple[type[SQLAlchemyError], ...] = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    BlobsUnavailable,
)

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]

log = get_logger()


def faults_of(found: Sequence[Any]) -> list[Fault]:
    """Gives pydantic's complaints as faults: where and what was expected, never the value."""
    return [
        Fault(pointer_of(item["loc"]), str(item["type"]), str(item["msg"]).removeprefix("Value error, "))
        for item in found
    ]


def pointer_of(location: Sequence[str | int]) -> str:
    """Gives "/a/0" in the body, "?name" for a query parameter, "{name}" in the path, "name:" for a header."""
    where, *rest = _without_tag(location or ("body",))
    name = str(rest[0]) if rest else ""
    other = {"query": f"?{name}", "path": f"{{{name}}}", "header": f"{name}:", "cookie": f"{name}="}
    if where in other:
        return other[str(where)]
    # pydantic's mark of a bad key; the key itself is the part before it.
    places = rest[:-1] if name != "[key]" and rest[-1:] == ["[key]"] else rest
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in places)


def _without_tag(location: Sequence[str | int]) -> list[str | int]:
    """Gives a location without the shape that was taken of several: it is no part of the body."""
    where, *rest = location
    return [where, *(rest[1:] if rest and str(rest[0]).startswith(TAG) else rest)]


async def _on_domain_error(request: Request, error: DomainError) -> Response:
    return domain_response(request.scope, error)


async def _on_validation_error(request: Request, error: RequestValidationError) -> Response:
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return domain_response(request.scope, _broken_json(found))
    unread = any(item["type"] in _UNREAD_BODY and _without_tag(item["loc"]) == ["body"] for item in found)
    if unread and not _is_json(request.headers.get("content-type", "")):
        return domain_response(request.scope, UnsupportedMediaType(["application/json"]))
    faults = faults_of(found)
    detail = "; ".join(f"{fault.pointer or 'body'}: {fault.message}" for fault in faults[:3])
    return problem_response(INVALID_REQUEST, request.scope, detail, faults)


def _is_json(content_type: str) -> bool:
    """Is a body of this type read as JSON? As FastAPI decides it: text/json is not."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _broken_json(found: Sequence[Any]) -> MalformedBody:
    item = next(item for item in found if item["type"] == "json_invalid")
    position = item["loc"][-1]
    reason = item.get("ctx", {}).get("error", "invalid")
    return MalformedBody(f"the body is not JSON: {reason} at character {position}")


async def _on_http_exception(request: Request, error: HTTPException) -> Response:
    if error.status_code == 400 and isinstance(error.__cause__, ValueError | RecursionError):
        # What json.loads raises beside its own error.
        message = "the body cannot be read: JSON nested too deeply, a number with too many digits, or no UTF-8"
        return domain_response(request.scope, MalformedBody(message))
    kind = EDGE_PROBLEMS.get(error.status_code, EDGE_PROBLEMS[400] if error.status_code < 500 else INTERNAL)
    detail = {
        404: "no such address; /docs lists them",
        405: "this address does not take this method; the Allow header lists those it takes",
    }.get(error.status_code, kind.title)
    headers = error.headers
    if error.status_code == 405:  # the framework knows the methods of one route, an address may have several
        addresses: Addresses = request.app.state.addresses
        headers = {"Allow": ", ".join(addresses.methods(request.url.path))}
    return problem_response(kind, request.scope, detail, status=error.status_code, headers=headers)


async def _on_store_error(request: Request, error: SQLAlchemyError) -> Response:
    return domain_response(request.scope, store_unavailable(error))


def store_unavailable(error: SQLAlchemyError) -> StoreUnavailable:
    """Gives the fact that a trouble of the database comes to, and logs it.

    The driver's message may hold the statement, its values or the password, so only its class is logged.
    """
    log.warning("store_unavailable", error=type(getattr(error, "orig", error)).__name__)
    if isinstance(error, BlobsUnavailable):
        return StoreUnavailable("the folder of KAN_BLOBS cannot be read or written; try again in a few seconds")
    return StoreUnavailable()


HANDLERS: dict[int | type[Exception], Handler] = {
    DomainError: _on_domain_error,
    RequestValidationError: _on_validation_error,
    HTTPException: _on_http_exception,
    **dict.fromkeys(STORE_TROUBLE, _on_store_error),
}
