"""Files appear whole or not at all, whatever happens to the disk."""

from __future__ import annotations

import hashlib
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.store.blob_folder import READ_BYTES, BlobFolder, BlobsUnavailable

CONTENT = b"0123456789" * 300_000
NAME = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "a folder"


@pytest.fixture
def folder(root: Path) -> BlobFolder:
    return BlobFolder(root.as_uri())


@contextmanager
def full_disk() -> Iterator[None]:
    """The kernel refuses to let a file grow beyond a megabyte, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_file_comes_back_in_blocks(folder: BlobFolder, root: Path) -> None:
    folder.write(NAME, CONTENT)
    blocks = list(folder.blocks(NAME))
    assert b"".join(blocks) == CONTENT
    assert max(map(len, blocks)) == READ_BYTES
    assert files(root) == [root / NAME[:2] / NAME]
    assert folder.holds(NAME, len(CONTENT))


def test_full_disk_leaves_nothing_half_written(folder: BlobFolder, root: Path) -> None:
    with full_disk(), pytest.raises(BlobsUnavailable):
        folder.write(NAME, CONTENT)
    assert files(root) == []
    assert not folder.holds(NAME, len(CONTENT))


def test_full_disk_leaves_the_whole_file_that_was_there(folder: BlobFolder, root: Path) -> None:
    folder.write(NAME, CONTENT)
    with full_disk(), pytest.raises(BlobsUnavailable):
        folder.write(NAME, CONTENT)
    assert b"".join(folder.blocks(NAME)) == CONTENT
    assert len(files(root)) == 1


def test_missing_file_has_no_blocks_but_a_missing_folder_is_trouble(folder: BlobFolder, root: Path) -> None:
    assert list(folder.blocks(NAME)) == []
    root.rmdir()
    with pytest.raises(BlobsUnavailable):
        list(folder.blocks(NAME))
    with pytest.raises(BlobsUnavailable):
        folder.write(NAME, CONTENT)
    assert not root.exists()


def test_file_of_another_size_is_not_held(folder: BlobFolder, root: Path) -> None:
    folder.write(NAME, CONTENT)
    (root / NAME[:2] / NAME).write_bytes(b"cut")
    assert not folder.holds(NAME, len(CONTENT))
    folder.write(NAME, CONTENT)
    assert folder.holds(NAME, len(CONTENT))


def test_old_files_are_named_and_old_drafts_deleted(folder: BlobFolder, root: Path) -> None:
    folder.write(NAME, CONTENT)
    draft, foreign = root / NAME[:2] / ".0123", root / NAME[:2] / "README"
    draft.write_bytes(b"half")
    foreign.write_bytes(b"not ours")
    now = datetime.now(UTC)
    assert folder.old_files(NAME[:2], now - timedelta(hours=1)) == {}
    assert draft.exists()
    assert folder.old_files(NAME[:2], now + timedelta(seconds=10)) == {NAME: len(CONTENT)}
    assert sorted(files(root)) == sorted([root / NAME[:2] / NAME, foreign])


def test_removed_file_is_gone_and_removing_it_again_is_harmless(folder: BlobFolder) -> None:
    folder.write(NAME, CONTENT)
    for _ in range(2):
        folder.remove(NAME)
    assert not folder.holds(NAME, len(CONTENT))
