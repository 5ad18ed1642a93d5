"""A command whose place for bytes cannot work ends at once, with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from sqlalchemy import Engine

from service.cli.blobs import check_blobs_or_exit
from service.settings import Settings
from service.store.blobs import put_blob, with_blobs
from service.store.engine import session_factory


def test_new_folder_is_made(database_url: str, tmp_path: Path) -> None:
    check_blobs_or_exit(Settings(database_url=database_url, blobs=(tmp_path / "a" / "b").as_uri()))
    assert (tmp_path / "a" / "b").is_dir()


def test_folder_that_cannot_be_made_ends_the_command(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(typer.Exit):
        check_blobs_or_exit(Settings(database_url=database_url, blobs=(tmp_path / "file" / "x").as_uri()))
    assert "cannot use KAN_BLOBS=file:///" in capsys.readouterr().err


def test_process_that_does_not_know_the_folder_ends(
    database_url: str, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = (tmp_path / "blobs").as_uri()
    with session_factory(engine)() as session:
        put_blob(session, b"in the database")
        put_blob(session, b"")
        session.commit()
    check_blobs_or_exit(Settings(database_url=database_url))
    with session_factory(with_blobs(engine, folder))() as session:
        put_blob(session, b"in the folder")
        session.commit()
    check_blobs_or_exit(Settings(database_url=database_url, blobs=folder))
    with pytest.raises(typer.Exit):
        check_blobs_or_exit(Settings(database_url=database_url))
    assert "set KAN_BLOBS as the other processes have it" in capsys.readouterr().err
