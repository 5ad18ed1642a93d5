"""Bytes come back as they were, or not at all: in the database and in a folder."""

from __future__ import annotations

import gc
import io
import os
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from service.domain.ids import new_id
from service.store.blob_folder import BlobsUnavailable
from service.store.blobs import (
    CHUNK_BYTES,
    BlobDamaged,
    adopt_strays,
    drop_orphans,
    find_orphans,
    find_strays,
    free_blobs,
    get_blob,
    keep_blob,
    put_blob,
    with_blobs,
    write_blob,
)
from service.store.engine import database_now, session_factory
from service.store.tables import BlobChunkRow, BlobRow, DatasetRow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept bytes"


@pytest.fixture(params=["database", "folder"])
def session(request: pytest.FixtureRequest, engine: Engine, folder: Path) -> Iterator[Session]:
    """A session that keeps bytes in the one place or the other."""
    blobs = "database" if request.param == "database" else folder.as_uri()
    with session_factory(with_blobs(engine, blobs))() as session:
        yield session


@pytest.fixture
def filing(engine: Engine, folder: Path) -> Iterator[Session]:
    """A session that keeps bytes in the folder."""
    with session_factory(with_blobs(engine, folder.as_uri()))() as session:
        yield session


def file_of(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / sha256


def damage(session: Session, folder: Path, sha256: str) -> None:
    """Changes what is stored."""
    session.execute(update(BlobChunkRow).values(data=b"b"))
    if file_of(folder, sha256).exists():
        file_of(folder, sha256).write_bytes(b"b")


def refer_to(session: Session, sha256: str) -> str:
    row = DatasetRow(id=new_id("ds"), name="n", rows=1, bytes=4, sha256=sha256, blob_sha256=sha256)
    row.columns, row.units, row.created_at = [], {}, database_now(session)
    session.add(row)
    session.commit()
    return row.id


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_bytes_of_any_size_come_back(session: Session, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    sha256, file = put_blob(session, content), io.BytesIO()
    write_blob(session, sha256, file)
    assert get_blob(session, sha256) == file.getvalue() == content


def test_equal_bytes_are_stored_once(session: Session, folder: Path) -> None:
    assert put_blob(session, b"a") == put_blob(session, b"a")
    in_database = session.scalar(select(func.count()).select_from(BlobChunkRow)) or 0
    assert in_database + sum(path.is_file() for path in folder.rglob("*")) == 1


def test_damaged_or_missing_bytes_are_an_error_that_names_them(session: Session, folder: Path) -> None:
    sha256 = put_blob(session, b"a")
    damage(session, folder, sha256)
    with pytest.raises(BlobDamaged, match=sha256):
        get_blob(session, sha256)
    with pytest.raises(BlobDamaged, match=sha256):
        write_blob(session, sha256, io.BytesIO())
    with pytest.raises(BlobDamaged):
        get_blob(session, "0" * 64)


def test_large_bytes_are_read_without_a_second_copy_of_them(session: Session) -> None:
    content = os.urandom(CHUNK_BYTES) * 24
    sha256 = put_blob(session, content)
    session.commit()
    session.expunge_all()
    gc.collect()
    tracemalloc.start()
    try:
        assert len(get_blob(session, sha256)) == len(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The content, an eighth that its buffer may grow ahead, and a few blocks on their way.
    assert peak < 1.5 * len(content)


def drop_all_orphans(session: Session, before: datetime) -> int:
    """Deletes what a sweep would; gives how many."""
    return drop_orphans(session, before, find_orphans(session, before))


def test_blob_that_was_stored_again_since_it_was_found_an_orphan_stays(session: Session) -> None:
    sha256 = put_blob(session, b"a")
    old = database_now(session) - timedelta(hours=2)
    session.execute(update(BlobRow).values(created_at=old))
    assert find_orphans(session, old + timedelta(hours=1)) == [sha256]
    put_blob(session, b"a")
    assert drop_orphans(session, old + timedelta(hours=1), [sha256]) == 0
    assert get_blob(session, sha256) == b"a"


def test_sweep_takes_old_orphans_only(session: Session, folder: Path) -> None:
    used, orphan = put_blob(session, b"used"), put_blob(session, b"orphan")
    now = database_now(session)
    refer_to(session, used)
    assert drop_all_orphans(session, now - timedelta(hours=1)) == 0
    assert drop_all_orphans(session, now + timedelta(seconds=1)) == 1
    assert session.scalars(select(BlobRow.sha256)).all() == [used]
    with pytest.raises(BlobDamaged):
        get_blob(session, orphan)
    assert get_blob(session, used) == b"used"
    assert not file_of(folder, orphan).exists()


def test_stored_again_bytes_are_young_again(session: Session) -> None:
    sha256 = put_blob(session, b"a")
    old = database_now(session) - timedelta(hours=2)
    session.execute(update(BlobRow).values(created_at=old))
    put_blob(session, b"a")
    assert drop_all_orphans(session, old + timedelta(hours=1)) == 0
    assert get_blob(session, sha256) == b"a"


def test_bytes_are_freed_at_once_where_nothing_refers_to_them(session: Session) -> None:
    used, unused = put_blob(session, b"used"), put_blob(session, b"unused")
    refer_to(session, used)
    assert free_blobs(session, [used, unused, "0" * 64]) == 1
    session.commit()
    assert get_blob(session, used) == b"used"
    with pytest.raises(BlobDamaged):
        get_blob(session, unused)


def test_bytes_that_were_freed_before_they_were_referred_to_are_written_again(session: Session) -> None:
    sha256 = put_blob(session, b"ahead")
    session.commit()
    free_blobs(session, [sha256])
    session.commit()
    keep_blob(session, sha256, b"ahead")
    refer_to(session, sha256)
    assert get_blob(session, sha256) == b"ahead"


def test_file_that_was_lost_under_its_row_is_written_again(filing: Session, folder: Path) -> None:
    sha256 = put_blob(filing, b"a")
    filing.commit()
    file_of(folder, sha256).unlink()
    put_blob(filing, b"a")
    assert get_blob(filing, sha256) == b"a"


def test_bytes_from_before_the_folder_are_still_read(filing: Session, engine: Engine) -> None:
    with session_factory(engine)() as earlier:
        sha256 = put_blob(earlier, b"a" * (CHUNK_BYTES + 1))
        earlier.commit()
    assert get_blob(filing, sha256) == b"a" * (CHUNK_BYTES + 1)


def test_bytes_in_a_folder_that_a_process_does_not_know_are_no_damage(filing: Session, engine: Engine) -> None:
    sha256 = put_blob(filing, b"a")
    filing.commit()
    with session_factory(engine)() as session, pytest.raises(BlobsUnavailable, match="set KAN_BLOBS"):
        get_blob(session, sha256)


def test_file_without_a_row_is_swept_once_it_is_old(filing: Session, folder: Path) -> None:
    sha256 = put_blob(filing, b"never committed")
    filing.rollback()
    now, shelf = database_now(filing), sha256[:2]
    assert adopt_strays(filing, find_strays(filing, now - timedelta(hours=1), shelf)) == 0
    assert adopt_strays(filing, find_strays(filing, now + timedelta(seconds=10), shelf)) == 1
    assert adopt_strays(filing, find_strays(filing, now + timedelta(seconds=10), shelf)) == 0
    assert drop_all_orphans(filing, now + timedelta(seconds=10)) == 1
    assert not file_of(folder, sha256).exists()


def test_files_that_are_known_are_no_strays(session: Session) -> None:
    sha256 = put_blob(session, b"a")
    session.commit()
    assert adopt_strays(session, find_strays(session, database_now(session) + timedelta(seconds=10), sha256[:2])) == 0


def test_folder_that_cannot_be_made_is_an_error(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BlobsUnavailable):
        with_blobs(engine, (tmp_path / "file" / "folder").as_uri())


@pytest.mark.parametrize("place", ["database", "folder"])
def test_writers_and_deleters_of_the_same_bytes_never_lose_what_is_referred_to(
    engine: Engine, folder: Path, place: str
) -> None:
    sessions = session_factory(with_blobs(engine, "database" if place == "database" else folder.as_uri()))

    def write_and_free(_: int) -> list[bytes]:
        found = []
        for _round in range(12):
            with sessions() as session:
                sha256 = put_blob(session, b"the same")
                session.commit()
                keep_blob(session, sha256, b"the same")
                dataset_id = refer_to(session, sha256)
                found.append(get_blob(session, sha256))
                session.execute(delete(DatasetRow).where(DatasetRow.id == dataset_id))
                session.commit()
                free_blobs(session, [sha256])
                session.commit()
        return found

    with ThreadPoolExecutor(3) as pool:
        found = [content for each in pool.map(write_and_free, range(3)) for content in each]
    assert found == [b"the same"] * 36
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(BlobRow)) == 0
