"""Asks an app by its own API document, with data that fit it and data that do not, and collects what went wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine.events import EngineFinished, FatalError, NonFatalError, ScenarioFinished
from schemathesis.schemas import BaseSchema

# Well-formed and yet refused: a name that is none, a column that the version has not, a change that nobody has seen.
REFUSED = ["2xx", "304", "401", "403", "404", "406", "409", "410", "412", "413", "415", "422", "428", "429"]
# The protocol knows no other word for them, and no schema tells a broken CSV or Parquet file from a whole one.
REFUSED_OR_MALFORMED = [*REFUSED, "400"]
TABLES = "^/v2|^/v1/datasets$|/predict$"
PHASES = ("examples", "coverage", "fuzzing", "stateful")
# What nothing is called: only these are deleted.
DOOMED = {
    "name": "doomed",
    "version": "99",
    "alias": "doomed",
    "dataset_id": "ds_01m8apd7b3f4krr09pz0z6thw0",
    "job_id": "job_01m8apf07ee2rabfwtjxjhz25b",
    "key_id": "key_01m8apf07ee2rabfwtjxjhz25b",
}

# Formats that are text, or bytes like any other.
schemathesis.serializer.alias("application/x-ndjson", "text/plain")
schemathesis.serializer.alias(
    ["application/vnd.apache.parquet", "application/vnd.apache.arrow.stream", "application/x-npy"],
    "application/octet-stream",
)


@dataclass
class Hunt:
    """What a run came to.

    Attributes:
        requests: that were sent.
        answers: per operation how often each status came.
        failures: each kind once for each operation.
    """

    requests: int = 0
    answers: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    failures: set[str] = field(default_factory=set)

    @property
    def statuses(self) -> Counter[int]:
        """How often each status came."""
        return sum(self.answers.values(), Counter())


def config(
    known: Mapping[str, Any], *, examples: int, seed: int = 0, phases: Collection[str] = ("examples", "fuzzing")
) -> SchemathesisConfig:
    """Gives the settings of a run.

    Args:
        known: parameters of things that are there, by name; they are not deleted.
        examples: of each operation.
        seed: of all data.
        phases: of examples, coverage (every boundary of every parameter), fuzzing and stateful (what one answer says is
            asked for next).
    """
    kept = [{"include-method": "DELETE", "parameters": DOOMED}] if known else []
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "parameters": dict(known),
            "generation": {"deterministic": True, "max-examples": examples, "database": "none"},
            "phases": {phase: {"enabled": phase in phases} for phase in PHASES},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": REFUSED},
                "negative_data_rejection": {"expected-statuses": [f"4{number:02}" for number in range(32)]},
            },
            "operations": [
                *kept,
                {
                    "include-path-regex": TABLES,
                    "checks": {"positive_data_acceptance": {"expected-statuses": REFUSED_OR_MALFORMED}},
                },
            ],
        }
    )


def hunt(schema: BaseSchema) -> Hunt:
    """Sends everything and gives what came of it."""
    found = Hunt()
    for event in engine.from_schema(schema).execute():
        if isinstance(event, ScenarioFinished):
            _note(found, event)
        elif isinstance(event, NonFatalError | FatalError):
            found.failures.add(repr(event))
        elif isinstance(event, EngineFinished):
            break
    return found


def _note(found: Hunt, event: ScenarioFinished) -> None:
    for interaction in event.recorder.interactions.values():
        if interaction.response is not None:
            found.requests += 1
            found.answers[str(event.label)][interaction.response.status_code] += 1
    for checks in event.recorder.checks.values():
        found.failures |= set(_complaints(str(event.label), checks))


def _complaints(label: str, checks: Iterable[Any]) -> Iterable[str]:
    for check in checks:
        if check.failure_info is not None:
            failure = check.failure_info.failure
            yield f"{label}: {check.name}: {failure.title}: {failure.message}"
