"""Each check by itself: what is well, what is wrong, and that advice stands beside it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path
from subprocess import CalledProcessError

from sqlalchemy.orm import Session

from service.cli.doctor_checks import blobs, database, devices, kan_package, kernels, versions
from service.domain.ids import new_id
from service.settings import Settings
from service.store.engine import database_now
from service.store.tables import WorkerRow

KAN, SERVICE = Path("/a/kan/__init__.py"), Path("/a/service/__init__.py")


def test_missing_package_is_wrong_and_the_others_are_told() -> None:
    def installed(name: str) -> str:
        if name == "numba":
            raise PackageNotFoundError(name)
        return "1.2"

    found = {check.name: check for check in versions(installed)}
    assert (found["torch"].state, found["torch"].found) == ("ok", "1.2")
    assert (found["numba"].state, found["numba"].advice) == ("wrong", "pip install numba")


def test_another_distribution_with_a_package_kan_is_wrong() -> None:
    assert kan_package({"kan": ["kan-service"]}, KAN, SERVICE).state == "ok"
    assert kan_package({}, KAN, SERVICE).state == "ok"
    found = kan_package({"kan": ["kan-service", "pykan"]}, KAN, SERVICE)
    assert (found.state, found.found) == ("wrong", "also in pykan")
    assert "pip uninstall pykan" in found.advice


def test_a_package_kan_from_another_folder_is_wrong() -> None:
    found = kan_package({}, Path("/b/kan/__init__.py"), SERVICE)
    assert (found.state, found.found) == ("wrong", "a foreign one, /b/kan")


def test_kernels_that_are_not_compiled_yet_are_a_note() -> None:
    assert kernels(lambda: b"code").state == "ok"
    assert kernels(lambda: None).state == "note"


def test_device_that_the_machine_lacks_is_wrong() -> None:
    assert devices(("auto",), lambda: ("cpu", "cuda:0")).found.endswith("workers train on cpu, cuda:0")
    found = devices(("cuda:1",), lambda: ("cpu",))
    assert found.state == "wrong"
    assert "no cuda:1" in found.found


def test_database_without_and_with_a_worker(settings: Settings, session: Session) -> None:
    assert [(check.name, check.state) for check in database(settings)] == [("database", "ok"), ("workers", "wrong")]
    now = database_now(session)
    session.add(WorkerRow(id=new_id("wk"), host="h", pid=1, device="cpu", started_at=now, seen_at=now))
    session.commit()
    assert [(check.name, check.state) for check in database(settings)] == [("database", "ok"), ("workers", "ok")]


def test_database_that_is_not_migrated_is_wrong(empty_database_url: str) -> None:
    (found,) = database(Settings(database_url=empty_database_url))
    assert found.state == "wrong"
    assert "kan migrate" in found.advice


def test_looking_for_a_file_does_not_make_it(tmp_path: Path) -> None:
    (found,) = database(Settings(database_url=f"sqlite:///{tmp_path}/none.sqlite3"))
    assert (found.state, list(tmp_path.iterdir())) == ("wrong", [])


def test_torch_that_does_not_start_is_wrong() -> None:
    def fails() -> tuple[str, ...]:
        raise CalledProcessError(1, "python")

    assert (devices(("cpu",), fails).state, devices(("cpu",), fails).advice) == ("wrong", "reinstall torch")


def test_database_that_is_away_is_wrong_and_its_password_is_not_shown() -> None:
    (found,) = database(Settings(database_url="postgresql://me:secret@127.0.0.1:1/kan"))
    assert found.state == "wrong"
    assert "secret" not in found.found + found.advice


def test_folder_of_bytes_that_is_not_there_is_wrong_and_not_made(tmp_path: Path) -> None:
    place = tmp_path / "share"
    check = blobs(place.as_uri())
    assert (check.state, check.found) == ("wrong", f"{place} is not there")
    assert not place.exists()
    place.mkdir()
    assert blobs(place.as_uri()).state == "ok"
    assert blobs("database").found == "kept in the database"
