"""Data sets: tables that were uploaded or generated; immutable, equal content stored once."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy.orm import Session

from service.domain.columns import described_columns, table_arrays
from service.domain.errors import DatasetInUse, DatasetNotFound, Fault, InvalidTable, StoredDataDamaged
from service.domain.idempotency import Answer, RequestKey, first_answer, keep_answer
from service.domain.ids import is_id, new_id
from service.domain.names import name_fault, normal_name
from service.domain.tables.parsed import ParsedTable
from service.store import datasets as statements
from service.store.blobs import BlobDamaged, get_blob, put_blob
from service.store.engine import database_now
from service.store.tables import DatasetRow

__all__ = [
    "DatasetSummary",
    "checked_name",
    "column_types",
    "create_dataset",
    "delete_dataset",
    "get_dataset",
    "list_datasets",
    "load_table",
    "stored_table",
    "submit_dataset",
    "table_arrays",
]

PREFIX = "ds"
_ROWS_PER_GROUP = 250_000
_USERS_SHOWN = 5
# Of a column, what a list leaves out: the levels of a thousand categories are fifty megabytes.
_LONG_FACTS = ("levels", "histogram")
# For one page of a list: about half a second of work.
_MOST_LEVELS_READ = 500_000


@dataclass(frozen=True)
class DatasetSummary:
    """A data set as a list shows it, with the facts of its row; columns without levels and histogram."""

    id: str
    name: str
    rows: int
    bytes: int
    sha256: str
    created_at: datetime
    columns: list[dict[str, Any]]
    units: dict[str, Any]


def create_dataset(
    session: Session, table: ParsedTable, name: str, units: Mapping[str, str] | None = None, *, max_levels: int = 256
) -> DatasetRow:
    """Stores a table under a new id; the caller commits.

    Args:
        session: of the request.
        table: parsed and checked.
        name: as it is shown, checked by `checked_name`.
        units: column -> unit; None takes those of the table.
        max_levels: most levels of a category column.
    """
    columns = described_columns(table.frame, table.dates, max_levels)
    content = stored_table(table.frame)
    row = DatasetRow(
        id=new_id(PREFIX),
        name=name,
        rows=table.frame.height,
        bytes=table.source_bytes,
        sha256=table.source_sha256,
        blob_sha256=put_blob(session, content),
        columns=columns,
        units=dict(table.units if units is None else units),
        created_at=database_now(session),
    )
    statements.add_dataset(session, row)
    return row


def submit_dataset(
    session: Session,
    table: ParsedTable,
    name: str,
    *,
    max_levels: int,
    answer_of: Callable[[DatasetRow], Answer],
    request: RequestKey | None = None,
) -> Answer:
    """Stores a table and its idempotency key in one transaction, and commits; or gives the first answer again.

    Raises:
        IdempotencyKeyReused, IdempotencyKeyInFlight: nothing is stored.
    """
    replay = first_answer(session, request)
    if replay is not None:
        return replay
    row = create_dataset(session, table, name, max_levels=max_levels)
    answer = keep_answer(session, request, answer_of(row))
    session.commit()
    return answer


def checked_name(name: str, pointer: str = "/name") -> str:
    """Gives the name in normal form.

    Raises:
        InvalidTable: empty, longer than 200 characters, or with control characters.
    """
    normal = normal_name(name)
    fault = name_fault(normal)
    if fault is not None:
        raise InvalidTable(f"name of the data set: {fault}", [Fault(pointer, "name", fault)])
    return normal


def get_dataset(session: Session, dataset_id: str) -> DatasetRow:
    """Gives a data set.

    Raises:
        DatasetNotFound: no such id.
    """
    row = statements.find_dataset(session, dataset_id) if is_id(PREFIX, dataset_id) else None
    if row is None:
        raise DatasetNotFound(dataset_id)
    return row


def list_datasets(session: Session, limit: int, after: str | None = None) -> tuple[list[DatasetSummary], str | None]:
    """Gives data sets, newest first, and the id of the last one where there are more.

    Args:
        session: to read with.
        limit: most of them; fewer, but one at least, where they have very many levels.
        after: the id of the last one seen.
    """
    found: list[DatasetSummary] = []
    levels = 0
    with statements.list_datasets(session, limit + 1, after) as rows:
        for row in rows:
            if len(found) == limit or levels > _MOST_LEVELS_READ:
                return found, found[-1].id
            found.append(_summary(row))
            levels += sum(len(column.get("levels", ())) for column in row.columns)
    return found, None


def _summary(row: DatasetRow) -> DatasetSummary:
    columns = [{name: fact for name, fact in column.items() if name not in _LONG_FACTS} for column in row.columns]
    return DatasetSummary(
        id=row.id,
        name=row.name,
        rows=row.rows,
        bytes=row.bytes,
        sha256=row.sha256,
        created_at=row.created_at,
        columns=columns,
        units=dict(row.units),
    )


def delete_dataset(session: Session, dataset_id: str, force: bool = False) -> None:
    """Deletes a data set and commits.

    Args:
        session: of the request.
        dataset_id: which.
        force: take it from models too; never from live jobs.

    Raises:
        DatasetNotFound: no such id.
        DatasetInUse: a live job refers to it, or a model does and `force` is false.
    """
    if not is_id(PREFIX, dataset_id) or statements.lock_dataset(session, dataset_id) is None:
        raise DatasetNotFound(dataset_id)
    users = [f"job {job}" for job in statements.live_jobs_of(session, dataset_id, _USERS_SHOWN)]
    if not force:
        users += [f"model {name}" for name in statements.models_of(session, dataset_id, _USERS_SHOWN)]
    if users:
        raise DatasetInUse(dataset_id, users)
    statements.delete_dataset(session, dataset_id)
    session.commit()


def load_table(session: Session, dataset_id: str) -> pl.DataFrame:
    """Gives the stored table; columns of Float64 or String, null = missing.

    Raises:
        DatasetNotFound: no such id.
        StoredDataDamaged: its bytes are missing or changed.
    """
    row = get_dataset(session, dataset_id)
    try:
        return pl.read_parquet(io.BytesIO(get_blob(session, row.blob_sha256)))
    except BlobDamaged:
        raise StoredDataDamaged("data set") from None


def stored_table(frame: pl.DataFrame) -> bytes:
    """Gives a table as Parquet; equal tables give equal bytes."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=False, row_group_size=_ROWS_PER_GROUP)
    return buffer.getvalue()


def column_types(row: DatasetRow) -> dict[str, str]:
    """Gives column -> "number", "category" or "ignored", as `table_arrays` wants it."""
    return {column["name"]: column["type"] for column in row.columns}
