"""Every SQL statement about the parts that a job's answers are kept in; never commits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.store.tables import JobPartRow


def list_parts(session: Session, job_id: str, first_row: int, end_row: int) -> Sequence[JobPartRow]:
    """Gives the parts of a job that hold some of the rows from `first_row` to before `end_row`, in order."""
    found = select(JobPartRow).where(
        JobPartRow.job_id == job_id,
        JobPartRow.first_row < end_row,
        JobPartRow.first_row + JobPartRow.rows > first_row,
    )
    return session.scalars(found.order_by(JobPartRow.number)).all()


def count_rows(session: Session, job_id: str) -> tuple[int, int]:
    """Gives how many rows the parts of a job hold, and how many of these are bad."""
    sums = func.coalesce(func.sum(JobPartRow.rows), 0), func.coalesce(func.sum(JobPartRow.bad_rows), 0)
    rows, bad_rows = session.execute(select(*sums).where(JobPartRow.job_id == job_id)).one()
    return int(rows), int(bad_rows)
