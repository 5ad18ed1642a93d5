"""Predictions for a stored data set: prediction, actual value and residual of every row of a part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from kan.encoding_learning import class_names
from kan.split import Part
from service.domain.datasets import get_dataset, load_table, table_arrays
from service.domain.errors import InvalidParameter, StoredDataDamaged
from service.domain.model_cache import LoadedModel
from service.domain.prediction_forms.columns import check_values
from service.domain.prediction_forms.tables import read_frame
from service.domain.predictions import Prediction, evaluate_table
from service.store.blobs import BlobDamaged, get_blob
from service.store.tables import VersionRow

PartName = Literal["all", "train", "validation", "test"]


@dataclass(frozen=True, eq=False)
class StoredPrediction:
    """One page of predictions.

    Attributes:
        rows: numbers of the rows in the data set.
        total: rows of the part.
        actual: as the prediction's values; None in place of a missing one, None whole where the targets are absent.
        residual: actual - prediction; None for classification.
    """

    rows: list[int]
    total: int
    prediction: Prediction
    actual: list[list[Any]] | None
    residual: list[list[float | None]] | None


def predict_stored(
    session: Session,
    version: VersionRow,
    model: LoadedModel,
    *,
    dataset_id: str,
    part: PartName,
    offset: int,
    limit: int,
) -> StoredPrediction:
    """Gives predictions beside what the data set says.

    Args:
        session: to read with.
        version, model: which network.
        dataset_id: any data set with the model's columns.
        part: parts other than "all" exist for the data set the version was trained on.
        offset, limit: page within the part.

    Raises:
        DatasetNotFound: no such data set.
        InvalidParameter: the data set has no such part.
        InvalidRows: it lacks a column, or has missing values where training had none.
    """
    row = get_dataset(session, dataset_id)
    wanted = _rows_of_part(session, version, row.id, row.rows, part)
    page = wanted[offset : offset + limit]
    frame = load_table(session, dataset_id)[page.tolist()]
    columns = model.columns
    table = read_frame(frame.select([c.name for c in columns if c.name in frame.columns]), columns)
    check_values(columns, table)
    answer = evaluate_table(model, table)
    actual = _actual(model, frame)
    return StoredPrediction(page.tolist(), len(wanted), answer, actual, _residual(answer, actual))


def _rows_of_part(
    session: Session, version: VersionRow, dataset_id: str, rows: int, part: PartName
) -> NDArray[np.int64]:
    if part == "all":
        return np.arange(rows)
    if version.split_sha256 is None or version.dataset_id != dataset_id:
        raise InvalidParameter("split", "only the data set that the version was trained on has parts; expected all")
    try:
        codes = np.frombuffer(get_blob(session, version.split_sha256), dtype=np.uint8)
    except BlobDamaged:
        raise StoredDataDamaged("split") from None
    return np.flatnonzero(codes == Part[part.upper()])


def _actual(model: LoadedModel, frame: pl.DataFrame) -> list[list[Any]] | None:
    names = [item.name for item in model.encoding.outputs]
    if any(name not in frame.columns for name in names):
        return None
    if model.encoding.task == "classification":
        kind = "number" if frame[names[0]].dtype == pl.Float64 else "category"
        return [[name] for name in class_names(table_arrays(frame, {names[0]: kind}), names[0])]
    if any(frame[name].dtype != pl.Float64 for name in names):
        return None
    return [list(row) for row in frame.select(names).rows()]


def _residual(answer: Prediction, actual: list[list[Any]] | None) -> list[list[float | None]] | None:
    if actual is None or isinstance(answer.values, list):
        return None
    pairs = zip(actual, answer.values.tolist(), strict=True)
    return [
        [None if real is None else real - said for real, said in zip(truth, row, strict=True)] for truth, row in pairs
    ]
