"""One inference of the Open Inference Protocol: bytes in, bytes out, and what it took noted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from service.domain.errors import DomainError
from service.domain.inference_messages import read_request, write_answer
from service.domain.inference_statistics import InferenceStatistics
from service.domain.model_cache import LoadedModel
from service.domain.prediction_columns import input_columns
from service.domain.predictions import predict
from service.domain.tensors import answer_tensors, table_of
from service.store.tables import VersionRow


@dataclass(frozen=True)
class Arrival:
    """A request's bytes.

    Attributes:
        header_length: bytes of its JSON, None = all.
        at_ns: when all of it was there, by `time.perf_counter_ns`.
    """

    body: bytes
    header_length: int | None
    at_ns: int = field(default_factory=time.perf_counter_ns)


def infer(
    version: VersionRow,
    load: Callable[[], LoadedModel],
    arrival: Arrival,
    max_rows: int,
    statistics: InferenceStatistics,
) -> tuple[bytes, int | None]:
    """Answers one request; gives the body, and the bytes of its JSON where raw bytes follow.

    Raises:
        MalformedBody, InvalidRows, BodyTooLarge, OutsideTrainingRange: what was sent does not fit the model.
    """
    key = (version.model_name, version.version)
    try:
        return _measured(version, load, arrival, max_rows, statistics)
    except DomainError:
        statistics.fail(key, time.perf_counter_ns() - arrival.at_ns)
        raise


def _measured(
    version: VersionRow,
    load: Callable[[], LoadedModel],
    arrival: Arrival,
    max_rows: int,
    statistics: InferenceStatistics,
) -> tuple[bytes, int | None]:
    marks = [arrival.at_ns, time.perf_counter_ns()]
    model = load()
    request = read_request(arrival.body, arrival.header_length, max_rows)
    table = table_of(input_columns(model.encoding), request.tensors)
    marks.append(time.perf_counter_ns())
    answer = predict(model, table, request.policy, max_rows)
    marks.append(time.perf_counter_ns())
    head = {
        "model_name": version.model_name,
        "model_version": str(version.version),
        "parameters": {"domain": answer.policy, "outside_count": answer.outside_count},
    }
    written = write_answer(head, request, answer_tensors(answer, request.datatype))
    marks.append(time.perf_counter_ns())
    spent = [later - earlier for earlier, later in pairwise(marks)]
    durations = dict(zip(("queue", "compute_input", "compute_infer", "compute_output"), spent, strict=True))
    statistics.succeed((version.model_name, version.version), table.rows, durations)
    return written
