"""Bytes by content hash: written ahead of what refers to them, swept when nothing does.

Each has a row. Its content is in 1 MiB rows of the database, or in a folder that the engine was given (`with_blobs`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import ColumnElement, Engine, Insert, Select, and_, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.store.blob_folder import BlobFolder, BlobsUnavailable
from service.store.engine import database_now
from service.store.tables import BlobChunkRow, BlobRow, CheckpointRow, DatasetRow, JobPartRow, JobRow, VersionRow

CHUNK_BYTES = 1024 * 1024
# A sweep deletes so many in one transaction: a long one would hold up who writes.
BLOBS_AT_ONCE = 100
IN_DATABASE = "database"
ELSEWHERE = "the bytes of this database are in a folder; set KAN_BLOBS as the other processes have it"

_REFERENCES = (
    DatasetRow.blob_sha256,
    JobRow.checkpoint_sha256,
    CheckpointRow.blob_sha256,
    JobPartRow.blob_sha256,
    VersionRow.blob_sha256,
    VersionRow.split_sha256,
)


class BlobDamaged(Exception):
    """Bytes that are missing or whose hash is not the one they are known by."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"blob {sha256} is missing or damaged")
        self.sha256 = sha256


def with_blobs(engine: Engine, blobs: str) -> Engine:
    """Gives an engine whose sessions keep bytes where `KAN_BLOBS` says: "database", or the URL of a folder.

    Raises:
        BlobsUnavailable: the folder is not there and cannot be made.
    """
    return engine if blobs == IN_DATABASE else engine.execution_options(kan_blobs=BlobFolder(blobs))


def put_blob(session: Session, content: bytes) -> str:
    """Stores bytes once and gives their SHA-256, in hex; no bytes at all are a blob like any other.

    Content that is there already becomes young again, so that a sweep does not take it before it is referred to.

    Raises:
        BlobsUnavailable: nothing is stored.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    keep_blob(session, sha256, content)
    return sha256


def keep_blob(session: Session, sha256: str, content: bytes) -> None:
    """Stores bytes whose hash is known; they stay until the transaction ends, whoever sweeps meanwhile."""
    folder, is_new = _folder(session), _hold_row(session, sha256, len(content))
    if folder is None and is_new:
        _insert_chunks(session, sha256, content)
    # A file may be missing under its row: a sweep that could not commit had deleted it.
    if folder is not None and not folder.holds(sha256, len(content)):
        folder.write(sha256, content)


def get_blob(session: Session, sha256: str) -> bytes:
    """Gives stored bytes back, their hash checked.

    Raises:
        BlobDamaged: no such bytes, or not those that were stored.
        BlobsUnavailable: they cannot be read now.
    """
    # Its buffer becomes the answer: no moment needs the content twice.
    file = io.BytesIO()
    write_blob(session, sha256, file)
    return file.getvalue()


def write_blob(session: Session, sha256: str, file: BinaryIO) -> None:
    """Writes stored bytes to a file, block by block: they are never all in memory.

    Raises:
        BlobDamaged, BlobsUnavailable: as `get_blob` says; the file holds what there was.
    """
    found = hashlib.sha256()
    for block in _blocks(session, sha256):
        found.update(block)
        file.write(block)
    if found.hexdigest() != sha256:
        if _folder(session) is None and session.scalar(_without_chunks().where(BlobRow.sha256 == sha256).limit(1)):
            raise BlobsUnavailable(ELSEWHERE)
        raise BlobDamaged(sha256)


def are_elsewhere(session: Session) -> bool:
    """Are bytes of this database in a folder, though these sessions know of none?"""
    return _folder(session) is None and session.scalar(_without_chunks().limit(1)) is not None


def free_blobs(session: Session, hashes: Iterable[str]) -> int:
    """Deletes blobs that nothing refers to any more, at once; gives their number.

    Bytes that somebody has written ahead and not referred to yet go too: only for content that is written again with
    its reference (`keep_blob`), as checkpoints are.
    """
    freed = 0
    for sha256 in hashes:
        # A reference that was made at this very moment makes the delete fail.
        with suppress(IntegrityError), session.begin_nested():
            freed += len(_delete(session, BlobRow.sha256 == sha256))
    return freed


def find_orphans(session: Session, before: datetime) -> Sequence[str]:
    """Gives the hashes of some blobs made before `before` that no row refers to."""
    orphans = select(BlobRow.sha256).where(BlobRow.created_at < before, *_unreferred())
    return session.scalars(orphans.limit(BLOBS_AT_ONCE)).all()


def drop_orphans(session: Session, before: datetime, hashes: Collection[str]) -> int:
    """Deletes those of these blobs that were made before `before` and that no row refers to; gives their number.

    A reference made at the same moment wins: its foreign key makes this delete fail, and the next sweep finds it.
    """
    return len(_delete(session, and_(BlobRow.sha256.in_(hashes), BlobRow.created_at < before)))


def find_strays(session: Session, before: datetime, shelf: str) -> Sequence[tuple[str, int]]:
    """Gives hash and size of the old files of a shelf that have no row; it may take long on a share."""
    folder = _folder(session)
    if folder is None:
        return []
    files = folder.old_files(shelf, before)
    known = set(session.scalars(select(BlobRow.sha256).where(BlobRow.sha256.startswith(shelf))))
    return [(sha256, size) for sha256, size in files.items() if sha256 not in known]


def adopt_strays(session: Session, strays: Sequence[tuple[str, int]]) -> int:
    """Gives files without a row one, so that a later sweep finds them; gives their number.

    They are what a crash left between file and row. Deleting them here could meet somebody who writes the same content.
    """
    for sha256, size in strays:
        row = {"sha256": sha256, "bytes": size, "created_at": database_now(session)}
        session.execute(insert_or_ignore(session, BlobRow).values(**row))
    return len(strays)


def insert_or_ignore(session: Session, row: type[Any]) -> Insert:
    """Gives an INSERT that does nothing where the key is taken; its `rowcount` tells which it was."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    statement: Insert = (
        sqlite.insert(row).on_conflict_do_nothing() if is_sqlite else postgresql.insert(row).on_conflict_do_nothing()
    )
    # Without this psycopg reports -1, which every caller would take for "inserted".
    return statement.execution_options(preserve_rowcount=True)


def _folder(session: Session) -> BlobFolder | None:
    folder: BlobFolder | None = session.get_bind().get_execution_options().get("kan_blobs")
    return folder


def _without_chunks() -> Select[str]:
    in_database = exists().where(BlobChunkRow.sha256 == BlobRow.sha256)
    return select(BlobRow.sha256).where(BlobRow.bytes > 0, ~in_database)


def _blocks(session: Session, sha256: str) -> Iterator[bytes]:
    """Yields the content from the folder, or from the database what was stored before there was one."""
    folder, is_filed = _folder(session), False
    for block in folder.blocks(sha256) if folder else ():
        is_filed = True
        yield block
    if not is_filed:
        chunks = select(BlobChunkRow.data).where(BlobChunkRow.sha256 == sha256).order_by(BlobChunkRow.number)
        yield from session.scalars(chunks, execution_options={"yield_per": 1})


def _delete(session: Session, which: ColumnElement[bool]) -> list[str]:
    """Deletes blobs that nothing refers to and gives their hashes.

    The files go before the transaction ends, while its locks keep others from storing the same content.
    """
    orphans = delete(BlobRow).where(which, *_unreferred()).returning(BlobRow.sha256)
    gone = list(session.scalars(orphans.execution_options(synchronize_session=False)))
    folder = _folder(session)
    for sha256 in gone if folder else ():
        assert folder is not None
        folder.remove(sha256)
    return gone


def _unreferred() -> list[ColumnElement[bool]]:
    return [~exists().where(column == BlobRow.sha256) for column in _REFERENCES]


def _hold_row(session: Session, sha256: str, size: int) -> bool:
    """Makes the row, or the one that is there young, and locks it; says whether it is new."""
    row = {"sha256": sha256, "bytes": size, "created_at": database_now(session)}
    while True:
        touched: Any = session.execute(update(BlobRow).where(BlobRow.sha256 == sha256).values(**row))
        if touched.rowcount:
            return False
        made: Any = session.execute(insert_or_ignore(session, BlobRow).values(**row))
        if made.rowcount:
            return True
        # Somebody else stored the same content in between; that row may be deleted as long as it is not locked here.


def _insert_chunks(session: Session, sha256: str, content: bytes) -> None:
    starts = range(0, len(content), CHUNK_BYTES)
    for number, start in enumerate(starts):
        chunk = content[start : start + CHUNK_BYTES]
        session.execute(BlobChunkRow.__table__.insert().values(sha256=sha256, number=number, data=chunk))  # type: ignore[attr-defined]
