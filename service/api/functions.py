"""The library of functions over HTTP: those that are always there, and those that users add."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response

from service.api.dependencies import ReadingSessionDep, SessionDep, SettingsDep
from service.api.idempotency import IdempotencyKey, creation_response, request_key
from service.api.negotiation import NOT_MODIFIED, revalidated
from service.api.problems import problem_responses
from service.api.schemas.functions import (
    FunctionCreate,
    FunctionList,
    FunctionRead,
    built_in_functions,
    function_read,
)
from service.domain import errors
from service.domain.idempotency import Answer
from service.domain.reading import formula_errors, functions
from service.domain.reading.functions import FunctionDraft, submit_function
from service.store.tables import FunctionRow

router = APIRouter(prefix="/v1/functions", tags=["formulas"])

_NONE = problem_responses(formula_errors.FunctionNotFound)


@router.get(
    "",
    operation_id="listFunctions",
    summary="List the functions an edge can be fixed to",
    response_model=FunctionList,
    responses=NOT_MODIFIED,
)
def list_functions(request: Request, session: ReadingSessionDep) -> Response:
    """Each with its text and complexity; a built-in one with its domain."""
    found = FunctionList(data=[*built_in_functions(), *map(function_read, functions.list_functions(session))])
    return revalidated(request, found.model_dump_json())


@router.post(
    "",
    operation_id="createFunction",
    summary="Add a function to the library",
    status_code=201,
    response_model=FunctionRead,
    responses=problem_responses(
        formula_errors.InvalidFunction,
        formula_errors.FunctionExists,
        errors.IdempotencyKeyReused,
        errors.IdempotencyKeyInFlight,
        errors.MalformedBody,
        errors.BodyTooLarge,
    ),
)
def create_function(
    body: FunctionCreate,
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    _: IdempotencyKey = None,
) -> Response:
    """For `function` of an edit, `library` of suggestions and of the stage `symbolify`, by its name.

    A version keeps the expression and not the name, so that nothing done to the function changes it.
    """
    answer = submit_function(
        session,
        FunctionDraft(body.name, body.expression, body.description),
        answer_of=_created,
        request=request_key(request, settings, orjson.dumps(body.model_dump(), option=orjson.OPT_SORT_KEYS)),
    )
    return creation_response(answer)


# Names of built-in ones hold a slash, such as 1/x.
@router.get(
    "/{name:path}",
    operation_id="getFunction",
    summary="Read a function",
    response_model=FunctionRead,
    responses={**NOT_MODIFIED, **_NONE},
)
def get_function(name: str, request: Request, session: ReadingSessionDep) -> Response:
    """The expression of one that was added is written in x, whatever its variable was called."""
    built_in = next((function for function in built_in_functions() if function.name == name), None)
    found = built_in or function_read(functions.get_function(session, name))
    return revalidated(request, found.model_dump_json())


@router.delete(
    "/{name:path}",
    operation_id="deleteFunction",
    summary="Delete a function that was added",
    status_code=204,
    responses=_NONE,
)
def delete_function(name: str, session: SessionDep) -> None:
    """Versions that use it stay as they are: they hold its expression. Built-in ones stay."""
    functions.delete_function(session, name)


def _created(row: FunctionRow) -> Answer:
    return Answer(201, f"/v1/functions/{row.name}", function_read(row).model_dump(mode="json"))
