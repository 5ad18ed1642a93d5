"""SQL about data sets: what it finds, and that it leaves the commit to its caller; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session, sessionmaker

from service.store import datasets
from service.store.blobs import put_blob
from service.store.tables import DatasetRow

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def add(session: Session, dataset_id: str) -> DatasetRow:
    row = DatasetRow(
        id=dataset_id,
        name='"><script>',
        rows=1,
        bytes=2,
        sha256="ab",
        blob_sha256=put_blob(session, b"content"),
        columns=[{"name": "größe"}],
        units={},
        created_at=NOW,
    )
    datasets.add_dataset(session, row)
    return row


def test_row_comes_back_as_it_was_added(session: Session) -> None:
    add(session, "ds_1")
    session.commit()
    session.expunge_all()
    row = datasets.find_dataset(session, "ds_1")
    assert row is not None
    assert (row.name, row.columns, row.units, row.created_at) == ('"><script>', [{"name": "größe"}], {}, NOW)


def test_nothing_is_kept_without_the_callers_commit(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        add(session, "ds_1")
    with sessions() as session:
        assert datasets.find_dataset(session, "ds_1") is None


def test_delete_is_undone_by_rollback(session: Session) -> None:
    add(session, "ds_1")
    session.commit()
    datasets.delete_dataset(session, "ds_1")
    session.rollback()
    assert datasets.lock_dataset(session, "ds_1") is not None


def test_list_goes_down_from_the_cursor(session: Session) -> None:
    for number in (1, 2, 3):
        add(session, f"ds_{number}")
    assert [row.id for row in datasets.list_datasets(session, 2, None)] == ["ds_3", "ds_2"]
    assert [row.id for row in datasets.list_datasets(session, 2, "ds_2")] == ["ds_1"]


def test_nobody_uses_a_new_data_set(session: Session) -> None:
    add(session, "ds_1")
    assert datasets.live_jobs_of(session, "ds_1", 5) == []
    assert datasets.models_of(session, "ds_1", 5) == []
