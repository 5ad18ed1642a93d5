"""Data sets: stored once, read back unchanged, kept while something refers to them; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.domain import datasets
from service.domain.errors import DatasetInUse, DatasetNotFound, InvalidTable, StoredDataDamaged
from service.domain.ids import new_id
from service.domain.tables.parsed import ParsedTable
from service.store.tables import BlobChunkRow, BlobRow, DatasetRow, JobRow, ModelRow, VersionRow

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def table(**columns: list[Any]) -> ParsedTable:
    frame = pl.DataFrame(columns or {"a": [1.0, None, 3.0], "b": ["x", "y", None]})
    return ParsedTable(frame, source_bytes=17, source_sha256="ab", units={frame.columns[0]: "mm"})


def count(session: Session, row: type[Any]) -> int:
    return session.execute(select(func.count()).select_from(row)).scalar_one()


def created(session: Session, parsed: ParsedTable, name: str) -> DatasetRow:
    row = datasets.create_dataset(session, parsed, name)
    session.commit()
    return row


def add_job(session: Session, dataset_id: str, status: str) -> str:
    job = JobRow(
        id=new_id("job"),
        kind="train",
        status=status,
        attempt=0,
        max_attempts=3,
        spec={},
        labels={},
        priority=0,
        dataset_id=dataset_id,
        max_runtime_s=60,
        created_at=NOW,
        not_before=NOW,
        token=0,
        event_seq=0,
    )
    session.add(job)
    session.commit()
    return job.id


def add_version(session: Session, row: DatasetRow, model: str = "mix") -> str:
    session.add(ModelRow(name=model, created_at=NOW, next_version=2))
    session.flush()
    version = VersionRow(
        id=new_id("mv"),
        model_name=model,
        version=1,
        status="published",
        blob_sha256=row.blob_sha256,
        signature={},
        metrics={},
        training={},
        dataset_id=row.id,
        code_version="1",
        created_at=NOW,
    )
    session.add(version)
    session.commit()
    return version.id


def test_stored_table_comes_back_with_its_facts(session: Session) -> None:
    row = created(session, table(), "mix")
    session.expunge_all()
    found = datasets.get_dataset(session, row.id)
    assert (found.name, found.rows, found.bytes, found.sha256, found.units) == ("mix", 3, 17, "ab", {"a": "mm"})
    assert datasets.column_types(found) == {"a": "number", "b": "category"}
    assert datasets.load_table(session, row.id).equals(table().frame)


def test_equal_content_is_stored_once(session: Session) -> None:
    first = created(session, table(), "one")
    second = created(session, table(), "two")
    assert first.id != second.id
    assert first.blob_sha256 == second.blob_sha256
    assert count(session, BlobRow) == 1


def test_column_order_is_kept(session: Session) -> None:
    row = created(session, table(z=[1.0, 2.0], a=[3.0, 5.0], m=["q", "r"]), "order")
    assert [column["name"] for column in row.columns] == ["z", "a", "m"]
    assert datasets.load_table(session, row.id).columns == ["z", "a", "m"]


def test_data_sets_are_listed_newest_first_page_by_page(session: Session) -> None:
    ids = [created(session, table(), f"{number}").id for number in range(5)]
    first, cursor = datasets.list_datasets(session, 3)
    rest, end = datasets.list_datasets(session, 3, cursor)
    assert [item.id for item in first + rest] == ids[::-1]
    assert (cursor, end) == (ids[2], None)


def test_a_list_tells_columns_without_their_levels_and_histograms(session: Session) -> None:
    row = created(session, table(), "a")
    ((found,), _) = datasets.list_datasets(session, 3)
    assert [set(whole) - set(short) for whole, short in zip(row.columns, found.columns, strict=True)] == [
        {"histogram"},
        {"levels"},
    ]
    assert (found.name, found.rows, found.units) == ("a", 3, {"a": "mm"})


def test_a_page_ends_early_where_data_sets_have_very_many_levels(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [created(session, table(), f"{number}").id for number in range(5)]
    monkeypatch.setattr(datasets, "_MOST_LEVELS_READ", 3)
    first, cursor = datasets.list_datasets(session, 5)
    assert ([item.id for item in first], cursor) == (ids[:2:-1], ids[3])
    assert [item.id for item in datasets.list_datasets(session, 5, cursor)[0]] == [ids[2], ids[1]]


@pytest.mark.parametrize("dataset_id", ["ds_00000000000000000000000000", "", "../../etc/passwd", "job_x", "ds_\0"])
def test_unknown_id_is_not_found(session: Session, dataset_id: str) -> None:
    with pytest.raises(DatasetNotFound):
        datasets.get_dataset(session, dataset_id)
    with pytest.raises(DatasetNotFound):
        datasets.delete_dataset(session, dataset_id)


def test_deleted_data_set_is_gone(session: Session) -> None:
    row = created(session, table(), "mix")
    datasets.delete_dataset(session, row.id)
    session.expunge_all()
    assert count(session, DatasetRow) == 0
    with pytest.raises(DatasetNotFound):
        datasets.get_dataset(session, row.id)


@pytest.mark.parametrize("status", ["queued", "running", "pausing", "paused", "cancelling"])
@pytest.mark.parametrize("force", [False, True])
def test_delete_is_refused_while_a_live_job_refers_to_it(session: Session, status: str, force: bool) -> None:
    row = created(session, table(), "mix")
    job = add_job(session, row.id, status)
    with pytest.raises(DatasetInUse, match=job):
        datasets.delete_dataset(session, row.id, force=force)
    session.rollback()
    assert count(session, DatasetRow) == 1


def test_delete_is_refused_while_a_live_job_is_judged_by_it(session: Session) -> None:
    row, judge = created(session, table(), "mix"), created(session, table(), "judge")
    job = add_job(session, row.id, "queued")
    session.get_one(JobRow, job).resolved = {"test_dataset": {"id": judge.id}}
    session.commit()
    with pytest.raises(DatasetInUse, match=job):
        datasets.delete_dataset(session, judge.id)


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_delete_takes_the_data_set_from_ended_jobs(session: Session, status: str) -> None:
    row = created(session, table(), "mix")
    job = add_job(session, row.id, status)
    datasets.delete_dataset(session, row.id)
    session.expunge_all()
    assert session.get_one(JobRow, job).dataset_id is None


def test_delete_is_refused_while_a_model_refers_to_it_unless_forced(session: Session) -> None:
    row = created(session, table(), "mix")
    version = add_version(session, row)
    with pytest.raises(DatasetInUse, match="model mix"):
        datasets.delete_dataset(session, row.id)
    session.rollback()
    datasets.delete_dataset(session, row.id, force=True)
    session.expunge_all()
    assert session.get_one(VersionRow, version).dataset_id is None


def test_damaged_bytes_are_noticed(session: Session) -> None:
    row = created(session, table(), "mix")
    chunk = session.scalars(select(BlobChunkRow)).one()
    chunk.data = b"x" + chunk.data[1:]
    session.commit()
    with pytest.raises(StoredDataDamaged):
        datasets.load_table(session, row.id)


@pytest.mark.parametrize("name", ["", "a\0b", "a" * 301])
def test_illegal_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidTable) as caught:
        datasets.checked_name(name)
    assert caught.value.faults[0].pointer == "/name"
