"""One inference of the Open Inference Protocol: bytes in, bytes out, and what it took noted."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise

from service.domain.access.tallies import PredictionTallies
from service.domain.errors import DomainError
from service.domain.inference.messages import read_request, write_answer
from service.domain.inference.statistics import InferenceStatistics
from service.domain.inference.tensors import answer_tensors, table_of
from service.domain.predictions import predict
from service.domain.served_models import Served


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
    served: Served, arrival: Arrival, max_rows: int, statistics: InferenceStatistics, tallies: PredictionTallies
) -> tuple[bytes, int | None]:
    """Answers one request; gives the body, and the bytes of its JSON where raw bytes follow.

    Raises:
        MalformedBody, InvalidRows, BodyTooLarge, OutsideTrainingRange: what was sent does not fit the model.
    """
    try:
        return _measured(served, arrival, max_rows, statistics, tallies)
    except DomainError:
        statistics.fail((served.row.model_name, served.row.version), time.perf_counter_ns() - arrival.at_ns)
        raise


def _measured(
    served: Served, arrival: Arrival, max_rows: int, statistics: InferenceStatistics, tallies: PredictionTallies
) -> tuple[bytes, int | None]:
    version, model = served
    marks = [arrival.at_ns, time.perf_counter_ns()]
    request = read_request(arrival.body, arrival.header_length, max_rows)
    table = table_of(model.columns, request.tensors)
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
    tallies.add(version.model_name, table.rows, answer.outside_count)
    statistics.succeed((version.model_name, version.version), table.rows, durations)
    return written
