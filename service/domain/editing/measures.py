"""What an edit changed: scores before and after, and a certificate, on the rows that the version learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from kan.certificate import certificate
from kan.encoding import Encoding, LevelsInput
from kan.readable_rows import unreadable_rows
from kan.scores import scores
from kan.split import Part
from kan.state import NetworkState
from kan.statistics import with_statistics
from kan.table_rows import usable_rows
from service.domain.ancestors import judge_of
from service.domain.certificates import certificate_json, reading_both, training_rows
from service.domain.columns import table_arrays
from service.domain.datasets import get_dataset, load_table
from service.domain.errors import StoredDataDamaged
from service.domain.reading.term_means import term_means
from service.domain.residuals import Residuals, held_out_residuals
from service.domain.specs.held_out import may_be
from service.domain.training_columns import append_rows
from service.store.blobs import BlobDamaged, get_blob
from service.store.tables import DatasetRow, VersionRow

Arrays = dict[str, NDArray[Any]]

NO_DATA_SET = "the data set that the version was trained on is gone, or lacks a column that it reads"


@dataclass(frozen=True, eq=False)
class Measures:
    """Scores by part, before and after; certificate, means of the terms, residuals; or in words why there are none."""

    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    certificate: Mapping[str, Any] | None = None
    unmeasured: str | None = None
    term_means: list[list[float]] | None = None
    residuals: Residuals | None = None


def measure(
    session: Session, version: VersionRow, before: NetworkState, after: NetworkState, max_rows: int
) -> tuple[NetworkState, Measures]:
    """Gives the edited network with the statistics of its training rows, and what the edit changed.

    Args:
        session: to read with.
        version: whose data set and split are taken.
        before, after: the networks, of the same encoding.
        max_rows: of each part that are looked at; of more, so many that lie evenly among them.

    Raises:
        StoredDataDamaged: the bytes of the data set or of the split.
    """
    both = reading_both(before, after)
    found = measured_rows(session, version, both, max_rows)
    if found is None:
        return after, Measures(unmeasured=NO_DATA_SET)
    table, parts = found
    x = training_rows(both, table, parts == Part.TRAIN)
    changed = certificate(before, after, x)
    metrics = [scores(state, table, parts, None) for state in (before, after)]
    after = with_statistics(after, x)
    means = term_means(after, table, parts == Part.TRAIN)
    told, residuals = certificate_json(changed, after, x), held_out_residuals(after, table, parts)
    return after, Measures(metrics[0], metrics[1], told, term_means=means, residuals=residuals)


def training_sample(session: Session, version: VersionRow, state: NetworkState, max_rows: int) -> Any:
    """Gives (rows, inputs) of training rows in network units, evenly among all; None where the data set is gone.

    Raises:
        StoredDataDamaged: the bytes of the data set or of the split.
    """
    found = measured_rows(session, version, state, max_rows)
    return None if found is None else training_rows(state, found[0], found[1] == Part.TRAIN)


def measured_rows(
    session: Session, version: VersionRow, state: NetworkState, max_rows: int
) -> tuple[Arrays, NDArray[np.uint8]] | None:
    """Gives the table that a version was trained on and the part of each row, UNUSED but for `max_rows` of each.

    The rows of another data set that judged its training are the test part, but for those that training left out.
    None where the data set is gone, or has not all the columns: one that an edit brings back may be none of it.

    Raises:
        StoredDataDamaged: the bytes of the data set or of the split.
    """
    encoding = state.encoding
    assert encoding is not None
    if version.dataset_id is None or version.split_sha256 is None:
        return None
    table = _read(session, get_dataset(session, version.dataset_id), encoding)
    if table is None:
        return None
    parts = _parts(session, version.split_sha256)
    judge = judge_of(session, version)
    judging = None if judge is None else _read(session, judge, encoding)
    if judging is not None:
        usable = usable_rows(judging, [item.name for item in encoding.outputs])
        parts = np.concatenate([parts, np.where(usable, Part.TEST, Part.UNUSED).astype(np.uint8)])
        append_rows(table, judging)
    parts = _thinned(parts, max_rows)
    # Those that training left out; and where an edit brings a column back, those without a value of it.
    parts[unreadable_rows(encoding, table, np.flatnonzero(parts != Part.UNUSED))] = Part.UNUSED
    return (table, parts) if (parts == Part.TRAIN).any() else None


def _read(session: Session, dataset: DatasetRow, encoding: Encoding) -> Arrays | None:
    """Gives the columns that an encoding reads and gives; None where one is absent, or of another kind."""
    described = {str(column["name"]): column for column in dataset.columns}
    kinds = {item.column: "category" if isinstance(item, LevelsInput) else "number" for item in encoding.used_inputs}
    # Classes may be numbers.
    kinds |= {item.name: "number" if "min" in described.get(item.name, ()) else "category" for item in encoding.outputs}
    if any(name not in described or not may_be(described[name], kind) for name, kind in kinds.items()):
        return None
    return table_arrays(load_table(session, dataset.id), kinds)


def _parts(session: Session, sha256: str) -> NDArray[np.uint8]:
    try:
        return np.frombuffer(get_blob(session, sha256), dtype=np.uint8)
    except BlobDamaged:
        raise StoredDataDamaged("split") from None


def _thinned(parts: NDArray[np.uint8], max_rows: int) -> NDArray[np.uint8]:
    thinned = np.full_like(parts, Part.UNUSED)
    for part in (Part.TRAIN, Part.VALIDATION, Part.TEST):
        rows = np.flatnonzero(parts == part)
        kept = rows if len(rows) <= max_rows else rows[np.linspace(0, len(rows) - 1, max_rows).astype(np.int64)]
        thinned[kept] = part
    return thinned
