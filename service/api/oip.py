"""The Open Inference Protocol under /v2: who answers, what a model reads and gives, and inference."""

from __future__ import annotations

import gzip
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Request, Response

from service.api.dependencies import ModelsDep, ReadingSessionDep, StatisticsDep
from service.api.health import require_ready
from service.api.hot_path import answered
from service.api.negotiation import reads_gzip
from service.api.problems import protocol_responses
from service.api.schemas.inference import (
    INFER_ANSWER,
    INFER_BODY,
    Health,
    ModelConfig,
    ModelMetadata,
    ModelReady,
    ModelStatistics,
    ModelTensorConfig,
    ServerMetadata,
    TensorMetadata,
)
from service.domain import errors, model_lists, models
from service.domain.access.access_errors import ShuttingDown
from service.domain.errors import MalformedBody
from service.domain.inference.answers import Arrival, infer
from service.domain.inference.model_tensors import tensors_of
from service.domain.inference.tensors import TEXT, TensorKind
from service.domain.served_models import Served
from service.store.tables import VersionRow
from service.version import code_version

HEADER_LENGTH = "Inference-Header-Content-Length"
_EXTENSIONS = ["binary_tensor_data", "model_configuration", "model_repository", "statistics"]
# Below this size packing costs more than it saves.
_MIN_PACKED_BYTES = 1_024
# A fraction of a millisecond, for which nobody else need wait.
_QUICKLY_PACKED_BYTES = 16_384
_MAX_VERSIONS = 100

router = APIRouter(prefix="/v2", tags=["inference"])
# Served twice: of the latest version, and of a numbered one.
_of_model = APIRouter()

_PROBLEMS = protocol_responses(errors.ModelNotFound, errors.VersionNotFound)
_BODY_PROBLEMS = protocol_responses(errors.MalformedBody, errors.BodyTooLarge, errors.UnsupportedMediaType)


async def read_arrival(request: Request) -> Arrival:
    """Gives the body; clients send it under any Content-Type, or none.

    Raises:
        MalformedBody: the length of its JSON is no number.
    """
    length = request.headers.get(HEADER_LENGTH)
    if length is not None and not (length.isascii() and length.isdigit() and len(length) < 16):
        raise MalformedBody(f"{HEADER_LENGTH}: expected a number of bytes")
    return Arrival(await request.body(), None if length is None else int(length))


def asked_version(name: str, request: Request, session: ReadingSessionDep) -> VersionRow:
    """Gives the version in the path, the latest where it names none.

    Raises:
        ModelNotFound, VersionNotFound: no such thing.
    """
    return models.get_version(session, name, request.path_params.get("version", models.LATEST))


def _declare_name(name: str) -> None:
    """Puts the name into /docs."""


def _declare_version(version: Annotated[str, Path(description="A number, an alias, or latest.")]) -> None:
    """Puts the version into /docs."""


VersionDep = Annotated[VersionRow, Depends(asked_version)]


@router.get("", operation_id="getServerMetadata", summary="Who answers?")
@router.get("/", include_in_schema=False)
async def server_metadata() -> ServerMetadata:
    """Name, version and the protocol's extensions that are served."""
    return ServerMetadata(version=code_version(), extensions=_EXTENSIONS)


@router.get("/health/live", operation_id="getServerLive", summary="Is the process up?")
async def server_live() -> Health:
    """Asks nothing of the database."""
    return Health()


@router.get(
    "/health/ready",
    operation_id="getServerReady",
    summary="Can it infer?",
    responses=protocol_responses(errors.StoreUnavailable, ShuttingDown),
)
def server_ready(request: Request, session: ReadingSessionDep) -> Health:
    """200 when the database answers and is migrated; else 503."""
    require_ready(request, session)
    return Health()


@router.get("/models/stats", operation_id="getAllStatistics", summary="How often and how long did it infer?")
def all_statistics(statistics: StatisticsDep) -> ModelStatistics:
    """All versions that inferred in this process."""
    return ModelStatistics(**statistics.shown(statistics.keys()))


@_of_model.get("", name="getInferenceModel", summary="What does it read and give?", responses=_PROBLEMS)
def model_metadata(row: VersionDep, session: ReadingSessionDep, cache: ModelsDep) -> ModelMetadata:
    """Tensors, and the names of their columns."""
    found = tensors_of(cache.model_of(session, row).encoding)
    published = model_lists.list_published_numbers(session, row.model_name, _MAX_VERSIONS)
    return ModelMetadata(
        name=row.model_name,
        versions=[str(version) for version in reversed(published)],
        inputs=[_shown(kind) for kind in found.inputs],
        outputs=[_shown(kind) for kind in found.outputs],
        parameters=found.names,
    )


@_of_model.get("/ready", name="getInferenceModelReady", summary="Can it be asked?", responses=_PROBLEMS)
def model_ready(row: VersionDep) -> ModelReady:
    """Every version that is there can be asked."""
    return ModelReady(name=row.model_name)


@_of_model.get("/config", name="getInferenceConfig", summary="The same in Triton's words", responses=_PROBLEMS)
def model_config(row: VersionDep, session: ReadingSessionDep, cache: ModelsDep) -> ModelConfig:
    """Tensors as a Triton configuration; the first axis is the number of rows."""
    found = tensors_of(cache.model_of(session, row).encoding)
    return ModelConfig(
        name=row.model_name,
        input=[_configured(kind) for kind in found.inputs],
        output=[_configured(kind) for kind in found.outputs],
    )


@_of_model.get("/stats", name="getInferenceStatistics", summary="How often and how long?", responses=_PROBLEMS)
def model_statistics(row: VersionDep, statistics: StatisticsDep) -> ModelStatistics:
    """Of this process since it started."""
    return ModelStatistics(**statistics.shown([(row.model_name, row.version)]))


@_of_model.post(
    "/infer",
    name="infer",
    summary="Infer for tensors",
    dependencies=[Depends(_declare_name)],
    responses={200: INFER_ANSWER, **_PROBLEMS, **_BODY_PROBLEMS},
    openapi_extra={"requestBody": INFER_BODY},
)
async def infer_tensors(request: Request) -> Response:
    """Numbers in JSON or as raw bytes behind it; the parameter `domain` is warn, reject or clamp, as at /v1."""
    state = request.app.state
    name, version = request.path_params["name"], request.path_params.get("version", models.LATEST)
    arrival = await read_arrival(request)

    def answer(found: Served) -> tuple[bytes, int | None]:
        return infer(found, arrival, state.settings.max_prediction_rows, state.statistics, state.predicted)

    body, length = await answered(request, name, version, len(arrival.body), answer)
    headers = {} if length is None else {HEADER_LENGTH: str(length)}
    return await _packed(request, body, "application/json" if length is None else "application/octet-stream", headers)


router.include_router(_of_model, prefix="/models/{name}", generate_unique_id_function=lambda route: route.name)
router.include_router(
    _of_model,
    prefix="/models/{name}/versions/{version}",
    dependencies=[Depends(_declare_version)],
    generate_unique_id_function=lambda route: f"{route.name}OfVersion",
)


def _shown(kind: TensorKind) -> TensorMetadata:
    return TensorMetadata(name=kind.name, datatype=kind.datatype, shape=list(kind.shape))


def _configured(kind: TensorKind) -> ModelTensorConfig:
    word = "TYPE_STRING" if kind.datatype == TEXT else f"TYPE_{kind.datatype}"
    return ModelTensorConfig(name=kind.name, data_type=word, dims=list(kind.shape))


async def _packed(request: Request, body: bytes, media_type: str, headers: dict[str, Any]) -> Response:
    """Gives the answer, as gzip where the client reads it and it is worth the work; a thread packs a large one."""
    headers["Vary"] = "Accept-Encoding"
    if len(body) >= _MIN_PACKED_BYTES and reads_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
        if len(body) <= _QUICKLY_PACKED_BYTES:
            body = gzip.compress(body, 1)
        else:
            body = await to_thread.run_sync(gzip.compress, body, 1, limiter=request.app.state.forwards)
    return Response(body, media_type=media_type, headers=headers)
