"""The model repository of the Open Inference Protocol: which models there are, and which are held ready."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.dependencies import ModelsDep, ReadingSessionDep
from service.api.problems import protocol_responses
from service.api.schemas.inference import IndexRequest, RepositoryEntry
from service.domain import errors, model_lists, models

router = APIRouter(prefix="/v2/repository", tags=["inference"])

_PROBLEMS = protocol_responses(errors.ModelNotFound, errors.VersionNotFound)
_MAX_LISTED = 1_000


@router.post("/index", operation_id="listRepository", summary="Which models can be asked?")
def index(session: ReadingSessionDep, _: IndexRequest | None = None) -> list[RepositoryEntry]:
    """The latest version of each model, the newest 1,000 of them."""
    found = model_lists.list_latest_numbers(session, _MAX_LISTED)
    return [RepositoryEntry(name=name, version=str(number)) for name, number in found]


@router.post("/models/{name}/load", operation_id="loadModel", summary="Hold a model ready", responses=_PROBLEMS)
def load(name: str, session: ReadingSessionDep, cache: ModelsDep) -> dict[str, str]:
    """Reads its latest version into this process's memory, so that the first request need not wait for that."""
    cache.model_of(session, models.get_version(session, name, models.LATEST))
    return {}


@router.post("/models/{name}/unload", operation_id="unloadModel", summary="Free a model's memory", responses=_PROBLEMS)
def unload(name: str, session: ReadingSessionDep, cache: ModelsDep) -> dict[str, str]:
    """Frees what this process holds of its latest version; the next request reads it again."""
    cache.drop(models.get_version(session, name, models.LATEST))
    return {}
