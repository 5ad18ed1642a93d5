"""From a model's file, as `export?format=safetensors` gives it, to a version; the file may be anybody's."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kan.checkpoint import load
from kan.compiled_predictor import Predictor
from kan.encoding import ClassOutput, Encoding, LevelsInput
from kan.errors import KanError
from kan.state import NetworkState
from service.domain.errors import Fault
from service.domain.file_errors import InvalidModelFile
from service.domain.idempotency import Answer, RequestKey, first_answer, keep_answer
from service.domain.limits import Limits
from service.domain.models import is_model_name, publish_version
from service.domain.names import name_fault, normal_name
from service.domain.signatures import network_facts, signature
from service.store.blobs import put_blob
from service.store.tables import VersionRow

# Of the header as JSON: it takes some times as much memory when it is read.
MAX_HEADER_BYTES = 4 * 1024 * 1024

_LONGEST_TEXT = 300


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
        raise _refused("?name", "not_a_name", "expected a-z, 0-9, . _ - and at most 63 characters")
    header = int.from_bytes(file.content[:8], "little")
    if header > MAX_HEADER_BYTES:
        raise _refused("", "too_large", f"its header has {header:,} bytes, the limit is {MAX_HEADER_BYTES:,}")
    try:
        state = load(file.content)
        _check_limits(state, limits)
        # What cannot be laid out for the kernels cannot be served.
        Predictor(state)
    except KanError as error:
        raise _refused("", "not_a_model", str(error)) from None
    return state


def _check_limits(state: NetworkState, limits: Limits) -> None:
    if state.encoding is None:
        raise _refused("", "no_columns", "expected a network with the encoding of its columns")
    _check_names(state.encoding, limits)
    hidden = state.widths[1:-1]
    most = {
        "hidden layers": (len(hidden), limits.max_hidden_layers),
        "nodes in a hidden layer": (max(hidden, default=0), limits.max_width),
        "parameters": (int(network_facts(state)["parameters"]), limits.max_parameters),
    }
    for what, (count, limit) in most.items():
        if count > limit:
            raise _refused("", "too_large", f"it has {count:,} {what}, the limit is {limit:,}")


def _check_names(encoding: Encoding, limits: Limits) -> None:
    """Looks at what is shown, sent and stored under a name."""
    columns = list(dict.fromkeys(item.column for item in encoding.inputs))
    if len(columns) > limits.max_dataset_columns:
        raise _refused("", "too_large", f"it has {len(columns):,} columns, the limit is {limits.max_dataset_columns:,}")
    outputs = [item.name for item in encoding.outputs]
    if any(name_fault(name) or normal_name(name) != name for name in (*columns, *outputs)):
        raise _refused("", "bad_name", "the name of a column is empty, too long, or holds control characters")
    _check_texts(item.name for item in encoding.inputs)
    kinds = {(item.column, isinstance(item, LevelsInput)) for item in encoding.inputs}
    doubled = [name for name, count in Counter([*(column for column, _ in kinds), *outputs]).items() if count > 1]
    if doubled:
        raise _refused("", "doubled_name", "a column is both a number and a category, or input and output, or twice")
    for item in (*encoding.inputs, *encoding.outputs):
        names = item.levels if isinstance(item, LevelsInput) else item.classes if isinstance(item, ClassOutput) else ()
        if len(names) > limits.max_category_levels + 1:
            raise _refused("", "too_large", f"a category has more than {limits.max_category_levels} levels")
        _check_texts(names)


def _check_texts(texts: Iterable[str]) -> None:
    """Looks at levels, which are cells of a table, and at names that were made of columns' names."""
    for text in texts:
        if len(text) > _LONGEST_TEXT or "\0" in text or not text.encode("utf-8", "ignore").decode() == text:
            raise _refused("", "bad_text", "a level is too long, or no Unicode text that can be stored")


def _refused(pointer: str, code: str, message: str) -> InvalidModelFile:
    return InvalidModelFile(message, [Fault(pointer, code, message)])


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
