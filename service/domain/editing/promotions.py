"""A checkpoint becomes a version: a child of the one that its training published, the same bytes, measured anew."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from kan.scores import scores
from kan.split import Part
from service.domain.certificates import change, reading_both
from service.domain.checkpoints import Checkpoint, list_checkpoints
from service.domain.editing.edits import child_signature
from service.domain.editing.measures import NO_DATA_SET, measured_rows
from service.domain.errors import CheckpointGone, CheckpointNotFound
from service.domain.finite_numbers import finite
from service.domain.model_cache import ModelCache, load_model
from service.domain.models import VersionStatus, get_version, publish_version
from service.domain.reading.term_means import term_means
from service.domain.residuals import Residuals, held_out_residuals, kept_residuals
from service.store.checkpoints import find_checkpoint
from service.store.tables import CheckpointRow, VersionRow

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, eq=False)
class Promotion:
    """What a promotion comes to.

    Attributes:
        of: the version that the training published.
        checkpoint: as it was when it was read.
        signature: of the child.
        metrics: by part.
        change: the metrics before, and the certificate; or in words why there are none.
        means: of every edge into the outputs.
        residuals: of the test rows.
    """

    of: VersionRow
    checkpoint: CheckpointRow
    signature: Mapping[str, Any]
    metrics: Mapping[str, Any]
    change: Mapping[str, Any]
    means: list[list[float]] | None
    residuals: Residuals | None = None


def checkpoints_of(session: Session, version: VersionRow) -> list[Checkpoint]:
    """Gives the checkpoints of the training that made a version; none where something else made it."""
    return [] if version.job_id is None else list_checkpoints(session, version.job_id)


def try_promotion(session: Session, cache: ModelCache, version: VersionRow, number: str, *, max_rows: int) -> Promotion:
    """Gives what a version made of a checkpoint would be; stores nothing.

    Args:
        session: to read with.
        cache: of models.
        version: of the same job.
        number: of the checkpoint.
        max_rows: of each part that are measured at most.

    Raises:
        CheckpointNotFound: the version's training has none with this number.
        CheckpointGone: its bytes are not kept.
        StoredDataDamaged: its bytes, or those of the version or its data set.
    """
    row = _required(session, version, number)
    before = cache.model_of(session, version).state
    after = load_model(session, str(row.blob_sha256)).state
    made = child_signature(session, version, after)
    rows = measured_rows(session, version, reading_both(before, after), max_rows)
    if rows is None:
        return Promotion(version, row, made, {}, {**_UNMEASURED, "unmeasured": NO_DATA_SET}, None)
    table, parts = rows
    means = term_means(after, table, parts == Part.TRAIN)
    metrics, changed = scores(after, table, parts, None), change(before, after, table, parts)
    return Promotion(version, row, made, metrics, changed, means, held_out_residuals(after, table, parts))


def store_promotion(session: Session, made: Promotion, status: VersionStatus) -> VersionRow:
    """Adds the version; the caller commits.

    Raises:
        ModelNotFound, VersionNotFound, CheckpointNotFound, CheckpointGone: something went meanwhile.
    """
    # Again, and by its number: it may have been deleted, and the name "latest" may have moved.
    parent = get_version(session, made.of.model_name, str(made.of.version))
    row = _required(session, parent, str(made.checkpoint.number), lock=True)
    return publish_version(
        session,
        model_name=parent.model_name,
        blob_sha256=str(row.blob_sha256),
        split_sha256=parent.split_sha256,
        signature=made.signature,
        metrics=finite(made.metrics),
        training={"term_means": made.means, **kept_residuals(parent.training, made.residuals)},
        job_id=None,
        dataset_id=parent.dataset_id,
        seed=parent.seed,
        status=status,
        parent_id=parent.id,
        edit={"of": parent.version, "operations": [], "checkpoint": _facts(row), **finite(made.change)},
    )


_UNMEASURED: Mapping[str, Any] = {"metrics_before": {}, "certificate": None}


def _required(session: Session, version: VersionRow, number: str, *, lock: bool = False) -> CheckpointRow:
    row = None
    if version.job_id is not None and _NUMBER.fullmatch(number):
        row = find_checkpoint(session, version.job_id, int(number), lock=lock)
    if row is None:
        raise CheckpointNotFound(number)
    if row.blob_sha256 is None:
        raise CheckpointGone(number)
    return row


def _facts(row: CheckpointRow) -> dict[str, Any]:
    names = ("number", "stage", "stage_name", "step", "train_loss", "validation_loss")
    return {"job": row.job_id, **{name: getattr(row, name) for name in names}}
