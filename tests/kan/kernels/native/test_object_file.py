"""The kernels on disk: found again, never half, and no folder at all is no error."""

from pathlib import Path

import pytest

from kan.kernels.native.object_file import folders, keep, kept

CODE = b"machine code" * 100


def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    file = keep(CODE, [tmp_path / "new" / "folder"])
    assert file is not None
    assert kept([tmp_path / "empty", file.parent]) == CODE
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("damage", [b"", CODE[:20], b"x" * 200])
def test_damaged_file_counts_as_none(tmp_path: Path, damage: bytes) -> None:
    file = keep(CODE, [tmp_path])
    assert file is not None
    file.write_bytes(damage)
    assert kept([tmp_path]) is None


def test_folder_that_cannot_be_written_to_is_passed_over(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.touch()
    assert keep(CODE, [blocked / "below", tmp_path / "free"]) == next((tmp_path / "free").iterdir())
    assert keep(CODE, [blocked]) is None


def test_folder_of_numba_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert (folders()[0], folders()[-1]) == (tmp_path, tmp_path / "home" / "kan-service")
