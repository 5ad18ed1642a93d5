"""What a job is to do: a spec as it was sent, checked against its data set and resolved to what will run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from service.domain.datasets import get_dataset
from service.domain.errors import DatasetNotFound, Fault, InvalidSpec
from service.domain.leasing.placement import check_device
from service.domain.leasing.starts import find_start, split_warnings
from service.domain.limits import Limits
from service.domain.models import is_model_name, model_name_from
from service.domain.predict_jobs.specs import PREDICT, resolve_predict_spec
from service.domain.reading.functions import written_out
from service.domain.residuals import KNOWN_ROWS, knows_test_rows
from service.domain.specs.compare import resolve_compare_spec
from service.domain.specs.held_out import find_held_out
from service.domain.specs.train import resolve_train_spec
from service.store.tables import DatasetRow


@dataclass(frozen=True)
class JobDraft:
    """A job spec that was checked and resolved; nothing is stored yet.

    Attributes:
        spec: as sent.
        resolved: what will run: network, recipe, inputs, targets, warnings.
        model_name: gets a version, or predicts; None of a comparison.
        retry_of: the job that this one repeats.
    """

    kind: str
    spec: dict[str, Any]
    resolved: dict[str, Any]
    dataset_id: str | None
    model_name: str | None
    max_runtime_s: int
    priority: int
    labels: dict[str, str]
    retry_of: str | None = None


def resolve_job(session: Session, spec: Mapping[str, Any], limits: Limits, lease_seconds: float = 30.0) -> JobDraft:
    """Checks a spec against its data set and says what would run; stores nothing.

    Raises:
        InvalidSpec: unknown names, or values outside their range; the faults point into the spec.
    """
    waits = check_device(session, spec, lease_seconds)
    dataset = dataset_of(session, spec)
    facts = job_facts(spec, limits)
    kind = str(spec.get("kind") or "train")
    start = None if spec.get("init") is None else find_start(session, spec["init"])
    meant = spec if spec.get("recipe") is None else {**spec, "recipe": written_out(session, spec["recipe"])}
    if kind == PREDICT:
        resolved = resolve_predict_spec(session, spec, dataset)
    elif kind == "compare":
        resolved = resolve_compare_spec(meant, dataset.columns, dataset.rows, limits)
    else:
        held_out = find_held_out(session, spec, dataset, start)
        resolved = resolve_train_spec(meant, dataset.columns, dataset.rows, limits, start, held_out=held_out)
    if start is not None:
        learnt = split_warnings(start, dataset.id, resolved)
        waits = [*waits, *learnt]
        if learnt or knows_test_rows(start.version.training):
            resolved = {**resolved, KNOWN_ROWS: True}
    named = str(spec.get("model") or (start.version.model_name if start else model_name_from(dataset.name)))
    return JobDraft(
        kind=kind,
        spec=dict(spec),
        resolved={**resolved, "warnings": [*resolved["warnings"], *waits]},
        dataset_id=dataset.id,
        model_name=None if kind == "compare" else named,
        **facts,
    )


def job_facts(spec: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """Gives what every job may say: max_runtime_s, priority, labels.

    Raises:
        InvalidSpec: values outside their range, or a name that no model can have.
    """
    asked = spec.get("max_runtime_s")
    runtime = limits.default_runtime_seconds if asked is None else int(asked)
    faults = _job_faults(spec, runtime, limits)
    if faults:
        raise InvalidSpec(faults[0].message, faults)
    return {
        "max_runtime_s": runtime,
        "priority": int(spec.get("priority") or 0),
        "labels": dict(spec.get("labels") or {}),
    }


def dataset_of(session: Session, spec: Mapping[str, Any]) -> DatasetRow:
    """Gives the data set that a spec names.

    Raises:
        InvalidSpec: there is none with this id.
    """
    try:
        return get_dataset(session, str(spec.get("dataset")))
    except DatasetNotFound as error:
        # The job is what was asked for; the data set is a wrong value in it.
        raise InvalidSpec(str(error), [Fault("/dataset", "unknown_dataset", str(error))]) from error


def _job_faults(spec: Mapping[str, Any], runtime: int, limits: Limits) -> list[Fault]:
    faults = []
    model = spec.get("model")
    if model is not None and not is_model_name(str(model)):
        message = "expected a model name of 1 to 63 characters: a-z, 0-9, dot, dash, underscore; not a mark first"
        faults.append(Fault("/model", "invalid_model_name", message))
    if not 1 <= runtime <= limits.max_runtime_seconds:
        message = f"expected 1 to {limits.max_runtime_seconds} seconds"
        faults.append(Fault("/max_runtime_s", "invalid_value", message))
    if len(spec.get("labels") or {}) > limits.max_labels:
        faults.append(Fault("/labels", "too_many_labels", f"expected at most {limits.max_labels} labels"))
    return faults
