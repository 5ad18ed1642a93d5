"""From a model's file, as `export?format=safetensors` gives it, to a version; the file may be anybody's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kan.checkpoint import load
from kan.compiled_predictor import Predictor
from kan.errors import KanError
from kan.state import NetworkState
from service.domain.idempotency import Answer, RequestKey, first_answer, keep_answer
from service.domain.imported_columns import check_columns, refused
from service.domain.limits import Limits
from service.domain.models import is_model_name, publish_version
from service.domain.signatures import network_facts, signature
from service.store.blobs import put_blob
from service.store.tables import VersionRow

# Of the header as JSON: it takes some times as much memory when it is read.
MAX_HEADER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class ModelFile:
    """What came.

    Attributes:
        content: of the file.
        model_name: gets the next version.
    """

    content: bytes
    model_name: str


def submit_import(
    session: Session,
    file: ModelFile,
    limits: Limits,
    *,
    answer_of: Callable[[VersionRow], Answer],
    request: RequestKey | None = None,
) -> Answer:
    """Stores a published version of a file and its idempotency key in one transaction, and commits.

    Raises:
        InvalidModelFile: no model of ours, a damaged one, or one over the limits; nothing is stored.
        IdempotencyKeyReused, IdempotencyKeyInFlight: nothing is stored.
    """
    # Before the first statement: no lock is held while it is read.
    state = imported_state(file, limits)
    replay = first_answer(session, request)
    if replay is not None:
        return replay
    answer = keep_answer(session, request, answer_of(_stored(session, file, state)))
    session.commit()
    return answer


def imported_state(file: ModelFile, limits: Limits) -> NetworkState:
    """Gives the network in a file, every part of it checked; nothing in it can run.

    Raises:
        InvalidModelFile: says what was expected.
    """
    if not is_model_name(file.model_name):
        raise refused("?name", "not_a_name", "expected a-z, 0-9, . _ - and at most 63 characters")
    header = int.from_bytes(file.content[:8], "little")
    if header > MAX_HEADER_BYTES:
        raise refused("", "too_large", f"its header has {header:,} bytes, the limit is {MAX_HEADER_BYTES:,}")
    try:
        state = load(file.content)
        _check_limits(state, limits)
        # What cannot be laid out for the kernels cannot be served.
        Predictor(state)
    except KanError as error:
        raise refused("", "not_a_model", str(error)) from None
    return state


def _check_limits(state: NetworkState, limits: Limits) -> None:
    if state.encoding is None:
        raise refused("", "no_columns", "expected a network with the encoding of its columns")
    check_columns(state.encoding, limits)
    hidden = state.widths[1:-1]
    most = {
        "hidden layers": (len(hidden), limits.max_hidden_layers),
        "nodes in a hidden layer": (max(hidden, default=0), limits.max_width),
        "parameters": (int(network_facts(state)["parameters"]), limits.max_parameters),
    }
    for what, (count, limit) in most.items():
        if count > limit:
            raise refused("", "too_large", f"it has {count:,} {what}, the limit is {limit:,}")


def _stored(session: Session, file: ModelFile, state: NetworkState) -> VersionRow:
    assert state.encoding is not None
    facts = {"sha256": hashlib.sha256(file.content).hexdigest(), "bytes": len(file.content)}
    return publish_version(
        session,
        model_name=file.model_name,
        blob_sha256=put_blob(session, file.content),
        split_sha256=None,
        signature={**signature(state.encoding), **network_facts(state)},
        metrics={},
        training={"imported": facts},
        job_id=None,
        dataset_id=None,
        seed=None,
    )
