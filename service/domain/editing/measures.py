"""What an edit changed: scores before and after, and a certificate, on the rows that the version learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from kan.certificate import certificate
from kan.encoding import Encoding
from kan.readable_rows import unreadable_rows
from kan.scores import scores
from kan.split import Part
from kan.state import NetworkState
from kan.statistics import with_statistics
from kan.table_rows import usable_rows
from service.domain.ancestors import judge_of
from service.domain.certificates import certificate_json, reading_both, training_rows
from service.domain.columns import table_arrays
from service.domain.datasets import column_types, get_dataset, load_table
from service.domain.errors import StoredDataDamaged
from service.domain.reading.term_means import term_means
from service.domain.residuals import Residuals, held_out_residuals
from service.domain.training_columns import append_rows
from service.store.blobs import BlobDamaged, get_blob
from service.store.tables import VersionRow

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
    parts = _parts(session, version.split_sha256)
    types = _wanted_types(session, version.dataset_id, encoding)
    if not set(encoding.columns) <= set(types):
        return None
    table = table_arrays(load_table(session, version.dataset_id), types)
    judging = _judging_rows(session, version, encoding, types)
    if judging is not None:
        append_rows(table, judging[0])
        parts = np.concatenate([parts, judging[1]])
    return table, _thinned(parts, max_rows)


def _judging_rows(
    session: Session, version: VersionRow, encoding: Encoding, types: Mapping[str, str]
) -> tuple[Arrays, NDArray[np.uint8]] | None:
    """Gives the table that judged the training and the part of each row, as the training saw it; None without one."""
    judge = judge_of(session, version)
    if judge is None or not set(types) <= {str(column["name"]) for column in judge.columns}:
        return None
    table = table_arrays(load_table(session, judge.id), types)
    usable = usable_rows(table, [item.name for item in encoding.outputs])
    parts = np.where(usable, Part.TEST, Part.UNUSED).astype(np.uint8)
    parts[unreadable_rows(encoding, table, np.flatnonzero(usable))] = Part.UNUSED
    return table, parts


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


def _wanted_types(session: Session, dataset_id: str, encoding: Encoding) -> dict[str, str]:
    # Those of edges that are pruned too: an edit may bring them back.
    wanted = {item.column for item in encoding.inputs} | {item.name for item in encoding.outputs}
    return {name: kind for name, kind in column_types(get_dataset(session, dataset_id)).items() if name in wanted}
