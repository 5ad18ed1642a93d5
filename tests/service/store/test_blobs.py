"""Bytes come back as they were, or not at all."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.domain.ids import new_id
from service.store.blobs import CHUNK_BYTES, BlobDamaged, drop_orphans, get_blob, put_blob, write_blob
from service.store.engine import database_now
from service.store.tables import BlobChunkRow, BlobRow, DatasetRow


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_bytes_of_any_size_come_back(session: Session, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    sha256, file = put_blob(session, content), io.BytesIO()
    write_blob(session, sha256, file)
    assert get_blob(session, sha256) == file.getvalue() == content


def test_equal_bytes_are_stored_once(session: Session) -> None:
    assert put_blob(session, b"a") == put_blob(session, b"a")
    assert session.scalar(select(func.count()).select_from(BlobChunkRow)) == 1


def test_damaged_or_missing_bytes_are_an_error_that_names_them(session: Session) -> None:
    sha256 = put_blob(session, b"a")
    session.execute(update(BlobChunkRow).values(data=b"b"))
    with pytest.raises(BlobDamaged, match=sha256):
        get_blob(session, sha256)
    with pytest.raises(BlobDamaged, match=sha256):
        write_blob(session, sha256, io.BytesIO())
    with pytest.raises(BlobDamaged):
        get_blob(session, "0" * 64)


def test_sweep_takes_old_orphans_only(session: Session) -> None:
    used, orphan = put_blob(session, b"used"), put_blob(session, b"orphan")
    now = database_now(session)
    row = DatasetRow(
        id=new_id("ds"), name="n", rows=1, bytes=4, sha256=used, blob_sha256=used, columns=[], units={}, created_at=now
    )
    session.add(row)
    session.commit()
    assert drop_orphans(session, now - timedelta(hours=1)) == 0
    assert drop_orphans(session, now + timedelta(seconds=1)) == 1
    assert session.scalars(select(BlobRow.sha256)).all() == [used]
    with pytest.raises(BlobDamaged):
        get_blob(session, orphan)


def test_stored_again_bytes_are_young_again(session: Session) -> None:
    sha256 = put_blob(session, b"a")
    old = database_now(session) - timedelta(hours=2)
    session.execute(update(BlobRow).values(created_at=old))
    put_blob(session, b"a")
    assert drop_orphans(session, old + timedelta(hours=1)) == 0
    assert get_blob(session, sha256) == b"a"
