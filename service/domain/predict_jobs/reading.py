"""What a predict job has predicted so far, row by row."""

from __future__ import annotations

import io
from dataclasses import dataclass

import polars as pl
from sqlalchemy.orm import Session

from service.domain.errors import BodyTooLarge, StoredDataDamaged
from service.domain.file_errors import NoPredictions
from service.domain.jobs import JobView, get_job
from service.domain.predict_jobs.part import PredictedPart
from service.domain.predict_jobs.specs import PREDICT
from service.store.blobs import BlobDamaged, get_blob
from service.store.job_parts import count_rows, list_parts
from service.store.tables import JobPartRow

# Of a page: as JSON it takes about 140 megabytes while it is written.
MOST_VALUES = 2_000_000


@dataclass(frozen=True, eq=False)
class JobPredictions:
    """One page.

    Attributes:
        frame: as `predicted_frame` gives it; without columns while nothing is predicted.
        done, bad_rows: rows of the whole job that were predicted so far, and how many of these have an error.
    """

    job: JobView
    frame: pl.DataFrame
    done: int
    bad_rows: int


def add_part(session: Session, job_id: str, part: PredictedPart, blob_sha256: str) -> None:
    """Adds a part of a job's answers; the caller, who holds the job, commits."""
    row = JobPartRow(
        job_id=job_id,
        number=part.number,
        first_row=part.first_row,
        rows=part.rows,
        bad_rows=part.bad_rows,
        blob_sha256=blob_sha256,
    )
    session.add(row)
    session.flush()


def predict_job(session: Session, job_id: str) -> tuple[JobView, int, int]:
    """Gives a predict job, the rows it has predicted and how many of these are bad.

    Raises:
        JobNotFound: no such job.
        NoPredictions: a job of another kind.
    """
    view = get_job(session, job_id)
    if view.row.kind != PREDICT:
        raise NoPredictions(view.row.kind)
    return view, *count_rows(session, job_id)


def job_predictions(session: Session, job_id: str, offset: int, limit: int) -> JobPredictions:
    """Gives a page of a job's predictions, as far as they are made.

    Raises:
        JobNotFound, NoPredictions: as `predict_job` says.
        StoredDataDamaged: the bytes of a part.
        BodyTooLarge: the page has, or will have, more values than `MOST_VALUES`.
    """
    view, done, bad_rows = predict_job(session, job_id)
    rows = min(limit, (view.row.resolved or {})["rows"] - offset)
    # The parts lie one behind the other, the first row of the first one being 0.
    frames = []
    for part in list_parts(session, job_id, offset, offset + limit):
        frame = _read(session, part)
        _check_size(rows, frame.width)
        skipped = max(0, offset - part.first_row)
        frames.append(frame.slice(skipped, max(0, offset + limit - part.first_row - skipped)))
    if not frames:
        # Beyond the last row there are still columns.
        frames = [_read(session, part).head(0) for part in list_parts(session, job_id, 0, 1)]
    return JobPredictions(view, pl.concat(frames) if frames else pl.DataFrame(), done, bad_rows)


def _check_size(rows: int, columns: int) -> None:
    if rows * columns > MOST_VALUES:
        hint = f"a row has {columns} here, so ask for a limit of at most {max(1, MOST_VALUES // columns):,}"
        raise BodyTooLarge("values on a page", MOST_VALUES, hint)


def _read(session: Session, part: JobPartRow) -> pl.DataFrame:
    try:
        return pl.read_parquet(io.BytesIO(get_blob(session, part.blob_sha256)))
    except BlobDamaged:
        raise StoredDataDamaged("prediction") from None
