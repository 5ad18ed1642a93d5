"""Models and their versions: drafts and published ones, never changed, numbers never used twice.

A model exists while it has a version; its row outlives them, so that a number (and whatever was cached under it)
never comes to mean another network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from service.domain.errors import ModelNotFound, VersionGone, VersionInUse, VersionNotFound
from service.domain.ids import new_id
from service.domain.trained_model import TrainedModel
from service.store import models as statements
from service.store.aliases import delete_steps, last_step, list_last_steps
from service.store.datasets import find_dataset
from service.store.engine import database_now
from service.store.tables import JobRow, ModelRow, VersionRow
from service.version import code_version

VersionStatus = Literal["draft", "published"]
PREFIX = "mv"
LATEST = "latest"
NAME_LENGTH = 63
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, eq=False)
class ModelSummary:
    """A model: how many versions it has, the newest of them, and the newest published one, if any is left."""

    row: ModelRow
    versions: int
    newest: VersionRow
    latest: VersionRow | None


def is_model_name(name: str) -> bool:
    """May a model have this name?"""
    return _NAME.fullmatch(name) is not None


def model_name_from(dataset_name: str) -> str:
    """Gives the model name that a data set's name suggests: "Concrete 2.csv" -> "concrete-2"."""
    text = dataset_name.lower()
    for ending in (".csv", ".json", ".ndjson", ".parquet"):
        text = text.removesuffix(ending)
    slug = re.sub(r"[^a-z0-9._-]+", "-", text).strip("._-")[:NAME_LENGTH]
    return slug or "model"


def publish_version(
    session: Session,
    *,
    model_name: str,
    blob_sha256: str,
    split_sha256: str | None,
    signature: Mapping[str, Any],
    metrics: Mapping[str, Any],
    training: Mapping[str, Any],
    job_id: str | None,
    dataset_id: str | None,
    seed: int | None,
    status: VersionStatus = "published",
    parent_id: str | None = None,
    edit: Mapping[str, Any] | None = None,
) -> VersionRow:
    """Adds the next version of a model, making the model where it is new; the caller commits.

    Args:
        session: of the transaction that also ends the job.
        model_name: a legal name (`is_model_name`).
        blob_sha256: the checkpoint.
        split_sha256: one `kan.split.Part` code per row of the data set; None where there is none.
        signature: inputs and outputs; units of the data set's columns are added.
        metrics: per part.
        training: seconds, outcome, resolved spec.
        job_id: a job has one version at most.
        dataset_id: what it was trained on.
        seed: of the run.
        status: "latest" is never a draft.
        parent_id: the version that this one was made from.
        edit: what was done to it.
    """
    dataset = find_dataset(session, dataset_id) if dataset_id else None
    row = VersionRow(
        id=new_id(PREFIX),
        model_name=model_name,
        version=statements.take_next_number(session, model_name),
        status=status,
        blob_sha256=blob_sha256,
        split_sha256=split_sha256,
        signature=with_units(signature, dataset.units if dataset else {}),
        metrics=dict(metrics),
        training=dict(training),
        job_id=job_id,
        dataset_id=dataset_id,
        parent_id=parent_id,
        edit=None if edit is None else dict(edit),
        seed=seed,
        code_version=code_version(),
        created_at=database_now(session),
    )
    session.add(row)
    session.flush()
    return row


def lineage_of(session: Session, job: JobRow, change: Mapping[str, Any] | None) -> dict[str, Any]:
    """Gives status, parent and edit of the version that a job makes.

    A parent that was deleted meanwhile is None; one that is there cannot be deleted before the transaction ends.

    Args:
        session: of the transaction that publishes the version.
        job: any that trains.
        change: what the training measured of an edit.
    """
    resolved = job.resolved or {}
    init, edit = resolved.get("init"), resolved.get("edit")
    parent = statements.find_version_by_id(session, init["version_id"], lock=True) if init else None
    facts: dict[str, Any] = {"parent_id": None if parent is None else parent.id}
    if init and edit:
        told = {"of": init["version"], "operations": edit["operations"], "fit": edit["fit"]}
        facts |= {"status": "published" if edit["publish"] else "draft", "edit": {**told, **(change or {})}}
    return facts


def result_of(version: VersionRow, trained: TrainedModel) -> dict[str, Any]:
    """Gives the result of a train job as it is shown."""
    return {
        "model": version.model_name,
        "version": version.version,
        "version_id": version.id,
        "metrics": trained.metrics,
        "outcome": trained.outcome,
        "train_seconds": trained.train_seconds,
    }


def with_units(signature: Mapping[str, Any], units: Mapping[str, str]) -> dict[str, Any]:
    """Gives the signature with each column's unit, null where the data set has none."""
    found = dict(signature)
    for side in ("inputs", "outputs"):
        if isinstance(found.get(side), Sequence):
            found[side] = [{"units": units.get(column["name"]), **column} for column in found[side]]
    return found


def get_version(session: Session, model_name: str, version: str) -> VersionRow:
    """Gives a version by its number, by an alias or as "latest".

    Raises:
        ModelNotFound: no such model, or no version of it is left.
        VersionNotFound: no such version.
        VersionGone: no longer.
    """
    row: VersionRow | None = None
    if is_model_name(model_name) and version == LATEST:
        row = statements.find_latest_version(session, model_name)
    elif is_model_name(model_name) and _NUMBER.fullmatch(version):
        row = statements.find_version(session, model_name, int(version))
    elif is_model_name(model_name):
        row = _aliased(session, model_name, version)
    if row is None:
        raise missing_version(session, model_name, version)
    return row


def missing_version(session: Session, model_name: str, version: str) -> VersionNotFound:
    """Gives why there is no such version: it was deleted, or never made.

    Raises:
        ModelNotFound: no such model, or no version of it is left.
    """
    require_model(session, model_name)
    model = statements.find_model(session, model_name)
    was_made = model is not None and _NUMBER.fullmatch(version) and int(version) < model.next_version
    return VersionGone(model_name, version) if was_made else VersionNotFound(model_name, version)


def get_model(session: Session, model_name: str) -> ModelSummary:
    """Gives a model with its newest version and its latest published one.

    Raises:
        ModelNotFound: no such model, or no version of it is left.
    """
    require_model(session, model_name)
    row = statements.find_model(session, model_name)
    newest = statements.list_versions(session, model_name, 1, None).first()
    if row is None or newest is None:
        raise ModelNotFound(model_name)
    latest = statements.find_latest_version(session, model_name)
    return ModelSummary(row, statements.count_versions(session, model_name), newest, latest)


def publish(session: Session, model_name: str, version: str) -> VersionRow:
    """Publishes a draft and commits; one that is published stays so.

    Raises:
        ModelNotFound, VersionNotFound: nothing to publish.
        VersionGone: no longer, also where somebody deletes it meanwhile.
    """
    row = get_version(session, model_name, version)
    if not statements.publish(session, row.id):
        raise missing_version(session, model_name, str(row.version))
    session.refresh(row)
    session.commit()
    return row


def delete_version(session: Session, model_name: str, version: str) -> None:
    """Deletes one version for good and commits; "latest" is then the newest that is left.

    Raises:
        ModelNotFound, VersionNotFound: nothing to delete.
        VersionInUse: an alias names it.
    """
    row = get_version(session, model_name, version)
    statements.find_version(session, model_name, row.version, lock="delete")
    names = [step.alias for step in list_last_steps(session, model_name, row.version)]
    if names:
        raise VersionInUse(names)
    statements.delete_versions(session, model_name, row.version)
    session.commit()


def delete_model(session: Session, model_name: str) -> None:
    """Deletes all versions of a model for good and commits.

    Raises:
        ModelNotFound: nothing to delete.
    """
    require_model(session, model_name)
    # First what an alias that is being made holds on to: its step is then there to be deleted.
    statements.delete_versions(session, model_name)
    delete_steps(session, model_name)
    session.commit()


def find_numbered(session: Session, model_name: str, number: int) -> VersionRow | None:
    """Gives a version by its number; it cannot be deleted before the transaction ends."""
    return statements.find_version(session, model_name, number, lock="keep")


def _aliased(session: Session, model_name: str, alias: str) -> VersionRow | None:
    step = last_step(session, model_name, alias)
    if step is None or step.version is None:
        return None
    return statements.find_version(session, model_name, step.version)


def require_model(session: Session, model_name: str) -> None:
    """Passes where a model has a version.

    Raises:
        ModelNotFound: no such model, or no version of it is left.
    """
    if not is_model_name(model_name) or not statements.count_versions(session, model_name):
        raise ModelNotFound(model_name)
