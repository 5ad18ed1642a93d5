"""Bytes by content hash, in 1 MiB rows: written ahead of what refers to them, swept when nothing does."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import Insert, Select, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.store.engine import database_now
from service.store.tables import BlobChunkRow, BlobRow, CheckpointRow, DatasetRow, JobRow, VersionRow

CHUNK_BYTES = 1024 * 1024

_REFERENCES = (
    DatasetRow.blob_sha256,
    JobRow.checkpoint_sha256,
    CheckpointRow.blob_sha256,
    VersionRow.blob_sha256,
    VersionRow.split_sha256,
)


class BlobDamaged(Exception):
    """Bytes that are missing or whose hash is not the one they are known by."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"blob {sha256} is missing or damaged")
        self.sha256 = sha256


def put_blob(session: Session, content: bytes) -> str:
    """Stores bytes once and gives their SHA-256, in hex; no bytes at all are a blob like any other.

    Content that is there already becomes young again, so that a sweep does not take it before it is referred to.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    now = database_now(session)
    touched: Any = session.execute(update(BlobRow).where(BlobRow.sha256 == sha256).values(created_at=now))
    if touched.rowcount:
        return sha256
    row = {"sha256": sha256, "bytes": len(content), "created_at": now}
    inserted: Any = session.execute(insert_or_ignore(session, BlobRow).values(**row))
    # Nothing inserted: somebody else stored the same content in the meantime, chunks and all.
    if inserted.rowcount:
        _insert_chunks(session, sha256, content)
    return sha256


def get_blob(session: Session, sha256: str) -> bytes:
    """Gives stored bytes back, their hash checked.

    Raises:
        BlobDamaged: no such bytes, or not those that were stored.
    """
    content = b"".join(session.scalars(_chunks(sha256)))
    if hashlib.sha256(content).hexdigest() != sha256:
        raise BlobDamaged(sha256)
    return content


def write_blob(session: Session, sha256: str, file: BinaryIO) -> None:
    """Writes stored bytes to a file, chunk by chunk: they are never all in memory.

    Raises:
        BlobDamaged: as `get_blob` says; the file holds what there was.
    """
    found = hashlib.sha256()
    for chunk in session.scalars(_chunks(sha256), execution_options={"yield_per": 1}):
        found.update(chunk)
        file.write(chunk)
    if found.hexdigest() != sha256:
        raise BlobDamaged(sha256)


def drop_orphans(session: Session, before: datetime) -> int:
    """Deletes the blobs made before `before` that no row refers to; gives their number.

    A reference made at the same moment wins: its foreign key makes this delete fail, and the next sweep finds it.
    """
    referred = [exists().where(column == BlobRow.sha256) for column in _REFERENCES]
    orphans = delete(BlobRow).where(BlobRow.created_at < before, *(~reference for reference in referred))
    deleted: Any = session.execute(orphans.execution_options(synchronize_session=False))
    return int(deleted.rowcount)


def insert_or_ignore(session: Session, row: type[Any]) -> Insert:
    """Gives an INSERT that does nothing where the key is taken; its `rowcount` tells which it was."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    statement: Insert = (
        sqlite.insert(row).on_conflict_do_nothing() if is_sqlite else postgresql.insert(row).on_conflict_do_nothing()
    )
    # Without this psycopg reports -1, which every caller would take for "inserted".
    return statement.execution_options(preserve_rowcount=True)


def _chunks(sha256: str) -> Select[bytes]:
    return select(BlobChunkRow.data).where(BlobChunkRow.sha256 == sha256).order_by(BlobChunkRow.number)


def _insert_chunks(session: Session, sha256: str, content: bytes) -> None:
    starts = range(0, len(content), CHUNK_BYTES)
    for number, start in enumerate(starts):
        chunk = content[start : start + CHUNK_BYTES]
        session.execute(BlobChunkRow.__table__.insert().values(sha256=sha256, number=number, data=chunk))  # type: ignore[attr-defined]
