"""What any operation may be refused for, beside what it declares itself: its parameters, its body, the database."""

from __future__ import annotations

from typing import Any

from service.api.problems import (
    EDGE_PROBLEMS,
    INVALID_REQUEST,
    MEDIA_TYPE,
    PROBLEMS,
    ProblemKind,
    example,
    explanation,
    is_protocol,
    protocol_entry,
    protocol_status,
)
from service.api.schemas.inference import ProtocolError
from service.api.schemas.problem import Problem
from service.domain import errors
from service.domain.errors import DomainError

Json = dict[str, Any]
_OF_BODIES = (errors.MalformedBody, errors.BodyTooLarge, errors.UnsupportedMediaType)
_OF_STORED = (errors.StoredDataDamaged,)
_OF_VERSIONS = (errors.VersionGone,)
# They ask nothing of the database.
_WITHOUT_STORE = ("/livez", "/v2", "/v2/health/live")


def add_problems(document: Json) -> None:
    """Adds the schema of problems, what each operation may answer beside its own, and what no operation answers."""
    schemas = document["components"].setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    schemas["ProtocolError"] = ProtocolError.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _add_common(path, operation)
    document["components"]["responses"] = _without_operation()


def add_problem(responses: Json, path: str, kind: ProblemKind, error: type[DomainError] | None = None) -> None:
    """Adds a kind of problem to an operation's responses, beside those of the same status."""
    if is_protocol(path):
        entry = protocol_entry(kind, explanation(error) if error else kind.title)
        responses.setdefault(str(protocol_status(kind.status)), entry)
        return
    entry = responses.setdefault(str(kind.status), {"description": kind.title})
    content = entry.setdefault("content", {}).setdefault(MEDIA_TYPE, {})
    content["schema"] = {"$ref": "#/components/schemas/Problem"}
    content.setdefault("examples", {})[kind.slug] = {"summary": kind.title, "value": example(kind, error)}


def share_problems(document: Json) -> None:
    """Puts each kind of problem, and each set of them, in one place, where the operations point to it."""
    components = document["components"]
    examples: Json = {}
    for methods in document["paths"].values():
        for operation in methods.values():
            responses = operation["responses"]
            for status, answer in responses.items():
                if list(answer.get("content", ())) == [MEDIA_TYPE]:
                    slugs = answer["content"][MEDIA_TYPE]["examples"]
                    components["responses"][".".join(slugs)] = answer
                    responses[status] = {"$ref": f"#/components/responses/{'.'.join(slugs)}"}
    for answer in components["responses"].values():
        for slug, shown in answer["content"][MEDIA_TYPE]["examples"].items():
            if "$ref" not in shown:
                examples[slug] = shown
                answer["content"][MEDIA_TYPE]["examples"][slug] = {"$ref": f"#/components/examples/{slug}"}
    components["examples"] = dict(sorted(examples.items()))


def _add_common(path: str, operation: Json) -> None:
    responses = operation["responses"]
    # FastAPI puts its own shape of error there.
    found = responses.get("422")
    if found is not None and MEDIA_TYPE not in found.get("content", {}):
        del responses["422"]
    if operation.get("parameters") or "requestBody" in operation:
        add_problem(responses, path, INVALID_REQUEST)
    if path.startswith("/v1/"):
        add_problem(responses, path, PROBLEMS[errors.InvalidParameter], errors.InvalidParameter)
    refusals = [
        *(_OF_BODIES if "requestBody" in operation else ()),
        *(_OF_STORED if "{" in path else ()),
        *(_OF_VERSIONS if path.startswith("/v1/") and "{version}" in path else ()),
    ]
    for error in refusals if path in _WITHOUT_STORE else (errors.StoreUnavailable, *refusals):
        add_problem(responses, path, PROBLEMS[error], error)
    add_problem(responses, path, EDGE_PROBLEMS[500])


def _without_operation() -> Json:
    """Gives what is answered where no operation is: an unknown address, a method that an address does not take."""
    found: Json = {}
    for status in (400, 404, 405):
        add_problem(found, "", EDGE_PROBLEMS[status])
    return {EDGE_PROBLEMS[int(status)].slug: entry for status, entry in found.items()}
