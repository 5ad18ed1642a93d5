"""Models and their versions over HTTP: list, read, delete; numbered versions may be cached for ever."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service.api.dependencies import ReadingSessionDep, ServedDep, SessionDep
from service.api.negotiation import (
    CHANGING,
    IMMUTABLE,
    JSON,
    NOT_MODIFIED,
    etag_of,
    is_known,
    not_modified,
    revalidated,
)
from service.api.problems import problem_responses
from service.api.schemas.models import ModelPage, ModelRead, VersionPage, VersionRead, model_read, version_read
from service.domain import model_lists, models
from service.domain.errors import InvalidParameter, ModelNotFound, VersionInUse, VersionNotFound
from service.domain.ids import is_id
from service.store.tables import VersionRow

router = APIRouter(prefix="/v1/models", tags=["models"])

Limit = Annotated[int, Query(ge=1, le=200, description="Entries of one page.")]
Status = Annotated[models.VersionStatus | None, Query(description="Only drafts, or only published ones.")]
After = Annotated[str | None, Query(max_length=100, description="`next_cursor` of the page before.")]
NO_MODEL = problem_responses(ModelNotFound)
NO_VERSION = problem_responses(ModelNotFound, VersionNotFound)


@router.get(
    "",
    operation_id="listModels",
    summary="List models, newest first",
    response_model=ModelPage,
    responses={**NOT_MODIFIED, **problem_responses(InvalidParameter)},
)
def list_models(request: Request, session: ReadingSessionDep, limit: Limit = 50, after: After = None) -> Response:
    """Models that have at least one version."""
    if after is not None and not is_id(models.PREFIX, after):
        raise InvalidParameter("after", "expected the next_cursor of a page of this list")
    found = model_lists.list_models(session, limit, after)
    cursor = found.entries[-1].newest.id if found.more else None
    page = ModelPage(data=[model_read(model) for model in found.entries], next_cursor=cursor)
    return revalidated(request, page.model_dump_json())


@router.get(
    "/{name}",
    operation_id="getModel",
    summary="Read a model with its latest version",
    response_model=ModelRead,
    responses={**NOT_MODIFIED, **NO_MODEL},
)
def get_model(name: str, request: Request, session: ReadingSessionDep) -> Response:
    """The model, its number of versions, and the latest one whole."""
    return revalidated(request, model_read(models.get_model(session, name)).model_dump_json())


@router.delete(
    "/{name}",
    operation_id="deleteModel",
    summary="Delete a model with all its versions",
    status_code=204,
    responses=NO_MODEL,
)
def delete_model(name: str, session: SessionDep, served: ServedDep) -> None:
    """Gone for good; its version numbers are never given out again."""
    models.delete_model(session, name)
    served.let_go(name)


@router.get(
    "/{name}/versions",
    operation_id="listModelVersions",
    summary="List the versions of a model, newest first",
    response_model=VersionPage,
    responses={**NOT_MODIFIED, **problem_responses(ModelNotFound, InvalidParameter)},
)
def list_versions(
    name: str,
    request: Request,
    session: ReadingSessionDep,
    limit: Limit = 50,
    after: After = None,
    status: Status = None,
) -> Response:
    """Versions with signature and metrics."""
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 10):
        raise InvalidParameter("after", "expected the next_cursor of a page of this list")
    found = model_lists.list_versions(session, name, limit, int(after) if after else None, status)
    cursor = str(found.entries[-1].version) if found.more else None
    page = VersionPage(data=[version_read(row) for row in found.entries], next_cursor=cursor)
    return revalidated(request, page.model_dump_json())


@router.get(
    "/{name}/versions/{version}",
    operation_id="getModelVersion",
    summary="Read one version: signature, metrics, how it was trained",
    response_model=VersionRead,
    responses={**NOT_MODIFIED, **NO_VERSION},
)
def get_version(name: str, version: str, request: Request, session: ReadingSessionDep) -> Response:
    """`version` is a number, an alias, or `latest`."""
    row = models.get_version(session, name, version)
    body = version_read(row).model_dump_json()
    # By content: the job and data set it names may be deleted, though the version itself never changes.
    headers = version_headers(row, version, "", etag_of(body)) | {"Cache-Control": CHANGING}
    if is_known(request, headers["ETag"]):
        return not_modified(headers)
    return Response(body, media_type=JSON, headers=headers)


@router.post(
    "/{name}/versions/{version}/publish",
    operation_id="publishModelVersion",
    summary="Publish a draft",
    response_model=VersionRead,
    responses=NO_VERSION,
)
def publish_version(name: str, version: str, session: SessionDep) -> Response:
    """From then on it may be `latest`: that is the published version with the largest number. Harmless to repeat."""
    body = version_read(models.publish(session, name, version)).model_dump_json()
    return Response(body, media_type=JSON, headers={"ETag": etag_of(body)})


@router.delete(
    "/{name}/versions/{version}",
    operation_id="deleteModelVersion",
    summary="Delete one version",
    status_code=204,
    responses={**NO_VERSION, **problem_responses(VersionInUse)},
)
def delete_version(name: str, version: str, session: SessionDep, served: ServedDep) -> None:
    """Gone for good; `latest` is then the newest that is left."""
    models.delete_version(session, name, version)
    served.let_go(name)


def version_headers(row: VersionRow, asked: str, rest: str, etag: str) -> dict[str, str]:
    """Gives ETag and caching: a number for ever, `latest` and aliases never without asking.

    Args:
        row: the version that answers.
        asked: as the address names it.
        rest: what follows the version in the address, such as "/plot.svg?theme=dark".
        etag: of the content.
    """
    headers = {"ETag": etag, "Vary": "Accept, Authorization"}
    if asked.isdigit():
        return {**headers, "Cache-Control": IMMUTABLE}
    location = f"/v1/models/{row.model_name}/versions/{row.version}{rest}"
    return {**headers, "Cache-Control": CHANGING, "Content-Location": location}
