"""The one table from domain error to problem+json (RFC 9457): status, type, title and headers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any
from urllib.parse import quote

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from service.api.negotiation import JSON, liked_format
from service.domain import errors, file_errors
from service.domain.access import access_errors
from service.domain.errors import DomainError, Fault
from service.domain.reading import formula_errors
from service.ui.rendering import html_text, page_policy

MEDIA_TYPE = "application/problem+json"
HTML = "text/html"
MAX_FAULTS = 20
MAX_POINTER = 200


@dataclass(frozen=True)
class ProblemKind:
    """What every problem of one kind has in common.

    Attributes:
        slug: names the section of docs/errors.md and the anchor of the page /errors; never changes.
        headers: sent with every problem of this kind.
    """

    status: int
    slug: str
    title: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The problem's `type`: an address that explains it, served by this process."""
        return f"/errors#{self.slug}"


# The protocol knows 400 alone for a request that cannot be answered, and 404 for what is not there.
_PROTOCOL_STATUS = {410: 404, 422: 400}
_SOON = {"Retry-After": "5"}

PROBLEMS: dict[type[DomainError], ProblemKind] = {
    errors.DatasetNotFound: ProblemKind(404, "dataset-not-found", "Data set not found"),
    errors.DatasetInUse: ProblemKind(409, "dataset-in-use", "Data set in use"),
    errors.InvalidTable: ProblemKind(422, "invalid-table", "Table cannot be used"),
    errors.JobNotFound: ProblemKind(404, "job-not-found", "Job not found"),
    errors.IllegalJobStep: ProblemKind(409, "illegal-job-step", "The job's state does not allow this"),
    errors.IfMatchMissing: ProblemKind(428, "if-match-missing", "If-Match needed"),
    errors.IfMatchFailed: ProblemKind(412, "if-match-failed", "Changed meanwhile"),
    errors.InvalidSpec: ProblemKind(422, "invalid-spec", "Job spec cannot be used"),
    errors.TooManyJobs: ProblemKind(429, "too-many-jobs", "Queue is full", {"Retry-After": "30"}),
    errors.TooManyStreams: ProblemKind(503, "too-many-streams", "Too many event streams", _SOON),
    errors.ModelNotFound: ProblemKind(404, "model-not-found", "Model not found"),
    errors.VersionGone: ProblemKind(410, "version-gone", "Model version gone"),
    errors.VersionNotFound: ProblemKind(404, "version-not-found", "Model version not found"),
    errors.CheckpointNotFound: ProblemKind(404, "checkpoint-not-found", "Checkpoint not found"),
    errors.CheckpointGone: ProblemKind(410, "checkpoint-gone", "Checkpoint gone"),
    errors.VersionInUse: ProblemKind(409, "version-in-use", "Model version in use"),
    errors.AliasNotFound: ProblemKind(404, "alias-not-found", "Alias not found"),
    errors.InvalidAlias: ProblemKind(422, "invalid-alias", "Alias cannot be used"),
    errors.InvalidEdit: ProblemKind(422, "invalid-edit", "Edit cannot be made"),
    errors.EdgeNotFound: ProblemKind(404, "edge-not-found", "Edge not found"),
    formula_errors.NoFormula: ProblemKind(409, "not-symbolic", "Network is no formula yet"),
    formula_errors.FormulaUnreadable: ProblemKind(409, "formula-too-large", "Formula too large"),
    formula_errors.InvalidExpression: ProblemKind(422, "invalid-expression", "Expression cannot be used"),
    formula_errors.InvalidFunction: ProblemKind(422, "invalid-function", "Function cannot be added"),
    formula_errors.FunctionExists: ProblemKind(409, "function-exists", "Function exists"),
    formula_errors.FunctionNotFound: ProblemKind(404, "function-not-found", "Function not found"),
    errors.InvalidHypothesis: ProblemKind(422, "invalid-hypothesis", "Hypothesis cannot be tested"),
    errors.TrainingDataGone: ProblemKind(410, "training-data-gone", "Training data gone"),
    errors.InvalidRows: ProblemKind(422, "invalid-rows", "Rows do not fit the model"),
    errors.OutsideTrainingRange: ProblemKind(422, "outside-training-range", "Rows outside the training range"),
    errors.InvalidParameter: ProblemKind(422, "invalid-parameter", "Query parameter cannot be used"),
    errors.MalformedBody: ProblemKind(400, "malformed-body", "Body cannot be read"),
    errors.BodyTooLarge: ProblemKind(413, "body-too-large", "Body too large"),
    errors.UnsupportedMediaType: ProblemKind(415, "unsupported-media-type", "Format of the body not read here"),
    errors.NotAcceptable: ProblemKind(406, "not-acceptable", "No such format"),
    errors.PngUnavailable: ProblemKind(406, "png-unavailable", "PNG not drawn here"),
    file_errors.InvalidModelFile: ProblemKind(422, "invalid-model-file", "Model file cannot be used"),
    file_errors.NoPredictions: ProblemKind(409, "no-predictions", "Not a predict job"),
    file_errors.ExportUnavailable: ProblemKind(409, "export-unavailable", "Not to be had in this format"),
    errors.IdempotencyKeyReused: ProblemKind(422, "idempotency-key-reused", "Idempotency-Key used before"),
    errors.IdempotencyKeyInFlight: ProblemKind(
        409, "idempotency-key-in-flight", "First request still running", {"Retry-After": "1"}
    ),
    errors.InvalidApiKey: ProblemKind(401, "invalid-api-key", "API key needed", {"WWW-Authenticate": "Bearer"}),
    access_errors.MissingScope: ProblemKind(403, "missing-scope", "The key may not do this"),
    access_errors.KeyNotFound: ProblemKind(404, "key-not-found", "API key not found"),
    access_errors.InvalidKey: ProblemKind(422, "invalid-key", "API key cannot be made"),
    access_errors.TooManyRequests: ProblemKind(429, "too-many-requests", "Too many requests in a minute"),
    access_errors.TooManyAtOnce: ProblemKind(429, "too-many-at-once", "Too many requests at once"),
    access_errors.Overloaded: ProblemKind(503, "overloaded", "Server overloaded"),
    access_errors.ShuttingDown: ProblemKind(503, "shutting-down", "Shutting down"),
    errors.ForeignOrigin: ProblemKind(403, "foreign-origin", "Foreign origin refused"),
    errors.UnlistedHost: ProblemKind(421, "unlisted-host", "Not a host of this server"),
    errors.StoreUnavailable: ProblemKind(503, "store-unavailable", "Database not reachable", _SOON),
    errors.StoredDataDamaged: ProblemKind(500, "stored-data-damaged", "Stored data damaged"),
}

INVALID_REQUEST = ProblemKind(422, "invalid-request", "Request cannot be used")
INTERNAL = ProblemKind(500, "internal-error", "Defect of the server")
EDGE_PROBLEMS: dict[int, ProblemKind] = {
    400: ProblemKind(400, "bad-request", "Request cannot be read"),
    404: ProblemKind(404, "no-such-address", "No such address"),
    405: ProblemKind(405, "method-not-allowed", "Method not allowed"),
    422: INVALID_REQUEST,
    500: INTERNAL,
}


def kind_of(error: DomainError) -> ProblemKind:
    """Gives the row of an error's class, or of its nearest parent that has one."""
    return next((PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS), INTERNAL)


def problem_body(
    kind: ProblemKind,
    scope: Scope,
    detail: str,
    faults: Iterable[Fault] = (),
    status: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> bytes:
    """Gives the JSON of one problem; at most 20 faults, and nothing of what was sent but where it was."""
    body: dict[str, Any] = {
        "type": kind.type,
        "title": kind.title,
        "status": status or kind.status,
        "detail": detail,
        "instance": quote(scope.get("path", "")),
        "request_id": scope.get("state", {}).get("request_id"),
        "errors": [
            {"pointer": fault.pointer[:MAX_POINTER], "code": fault.code, "message": fault.message}
            for fault in list(faults)[:MAX_FAULTS]
        ],
        **(facts or {}),
    }
    return orjson.dumps(body)


def domain_response(scope: Scope, error: DomainError) -> Response:
    """Gives the answer to a refusal of the domain."""
    kind = kind_of(error)
    wait = {} if error.retry_after_seconds is None else {"Retry-After": str(error.retry_after_seconds)}
    return problem_response(kind, scope, str(error), error.faults, headers=wait, facts=error.facts)


def problem_response(
    kind: ProblemKind,
    scope: Scope,
    detail: str,
    faults: Iterable[Fault] = (),
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Response:
    """Gives a problem+json answer; `status` overrides that of the kind."""
    detail = _encodable(detail)
    faults = [replace(fault, pointer=_encodable(fault.pointer), message=_encodable(fault.message)) for fault in faults]
    if is_protocol(scope.get("path", "")):
        return _protocol_response(kind, _in_one_line(detail, faults), status or kind.status, headers)
    sent = {**kind.headers, **(headers or {})}
    if is_opened(scope):
        sent["Vary"] = "Accept"
        if likes_pages(scope):
            return _page(kind, scope, detail, faults, status or kind.status, sent)
    body = problem_body(kind, scope, detail, faults, status, facts)
    return Response(body, status or kind.status, sent, MEDIA_TYPE)


def _encodable(text: str) -> str:
    """Gives a text without halves of characters, which the name of a field may hold and no answer can."""
    return text.encode("utf-8", "replace").decode()


def is_opened(scope: Scope) -> bool:
    """May a browser have opened this address? Parts are asked for by a page, which shows a problem itself."""
    return scope.get("method") == "GET" and not scope.get("path", "").startswith("/parts/")


def likes_pages(scope: Scope) -> bool:
    """Does the client like a page better than JSON, as a browser does that somebody opens an address in?"""
    return liked_format(Headers(scope=scope).get("accept", ""), (MEDIA_TYPE, JSON, HTML)) == HTML


def _page(
    kind: ProblemKind, scope: Scope, detail: str, faults: Iterable[Fault], status: int, headers: Mapping[str, str]
) -> Response:
    text = html_text(
        "error.html",
        locked=False,
        title=kind.title,
        type=kind.type,
        status=status,
        detail=detail,
        faults=list(faults)[:MAX_FAULTS],
        request_id=scope.get("state", {}).get("request_id"),
    )
    return Response(text, status, {**headers, "Content-Security-Policy": page_policy()}, HTML)


def is_protocol(path: str) -> bool:
    """Is this an address of the Open Inference Protocol, whose clients read {"error": …}?"""
    return path == "/v2" or path.startswith("/v2/")


def _protocol_response(kind: ProblemKind, detail: str, status: int, headers: Mapping[str, str] | None) -> Response:
    body = orjson.dumps({"error": detail})
    return Response(body, protocol_status(status), {**kind.headers, **(headers or {})}, "application/json")


def _in_one_line(detail: str, faults: Iterable[Fault]) -> str:
    """Gives the detail with the first places that it does not name itself."""
    places = (f"{fault.pointer}: {fault.message}" for fault in faults if fault.message not in detail)
    return "; ".join((detail, *islice(places, 3)))


def protocol_status(status: int) -> int:
    """Gives the status with which the Open Inference Protocol says what we say with this one."""
    return _PROTOCOL_STATUS.get(status, status)


def protocol_responses(*kinds: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """Gives the `responses` entry of a route of the Open Inference Protocol."""
    found: dict[int | str, dict[str, Any]] = {}
    for error in kinds:
        kind = PROBLEMS[error]
        found[protocol_status(kind.status)] = protocol_entry(kind, explanation(error))
    return found


def protocol_entry(kind: ProblemKind, words: str) -> dict[str, Any]:
    """Gives what a refusal looks like to a client of the Open Inference Protocol."""
    schema = {"$ref": "#/components/schemas/ProtocolError"}
    content = {"application/json": {"schema": schema, "example": {"error": words}}}
    return {"description": kind.title, "content": content}


def problem_responses(*kinds: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """Gives a route's `responses` entry: what each of these errors looks like, with an example."""
    found: dict[int | str, dict[str, Any]] = {}
    for error in kinds:
        kind = PROBLEMS[error]
        entry = found.setdefault(kind.status, {"description": kind.title, "content": {MEDIA_TYPE: {"examples": {}}}})
        content = entry["content"][MEDIA_TYPE]
        content["schema"] = {"$ref": "#/components/schemas/Problem"}
        content["examples"][kind.slug] = {"summary": kind.title, "value": example(kind, error)}
    return found


def example(kind: ProblemKind, error: type[DomainError] | None = None) -> dict[str, Any]:
    """Gives an example body for the OpenAPI page and /errors."""
    return {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": explanation(error) if error else kind.title,
        "instance": "/v1/…",
        "request_id": "0198f3c1a2b37c4d",
        "errors": [],
    }


def explanation(error: type[DomainError]) -> str:
    """Gives the first sentence of an error's docstring."""
    return (error.__doc__ or "").strip().split("\n")[0]
