"""Where the compiled kernels are kept: an object file for this type of CPU and this version of their source."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm

_SOURCES = Path(__file__).parents[1] / "cpu"
# What runs in Python only: a change there compiles nothing anew.
_NOT_COMPILED = ("cpu_network.py", "layout.py", "warm.py")
# Before the code stands its hash: a file that was cut off is compiled again.
_HASH_BYTES = 32


def folders() -> list[Path]:
    """Gives where to look, best first: where numba keeps its own, beside the source, the user's cache."""
    chosen, home = os.environ.get("NUMBA_CACHE_DIR"), os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    usual = [_SOURCES / "__pycache__", Path(home).expanduser() / "kan-service"]
    return [Path(chosen), *usual] if chosen else usual


def kept(places: list[Path] | None = None) -> bytes | None:
    """Gives the code that was kept for this machine, if any.

    Args:
        places: None for `folders()`.
    """
    for folder in folders() if places is None else places:
        with suppress(OSError):
            stored = (folder / _name()).read_bytes()
            if sha256(stored[_HASH_BYTES:]).digest() == stored[:_HASH_BYTES]:
                return stored[_HASH_BYTES:]
    return None


def keep(code: bytes, places: list[Path] | None = None) -> Path | None:
    """Keeps the code in the first folder that can be written to; gives the file, None if there is no such folder."""
    for folder in folders() if places is None else places:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=folder)
            with os.fdopen(handle, "wb") as file:
                file.write(sha256(code).digest() + code)
            # In one step, so that another process never reads half of it.
            return Path(draft).replace(folder / _name())
    return None


@contextmanager
def compiling_alone(places: list[Path] | None = None) -> Iterator[None]:
    """Waits until no other process compiles for the same folder; where nothing can be kept, nobody waits."""
    lock = next(_locks(folders() if places is None else places), None)
    if lock is None:
        yield
        return
    with open(lock, "rb") as file:
        # Released with the file, also when this process is killed.
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _locks(places: list[Path]) -> Iterator[Path]:
    """Yields a file to lock in each folder that can be written to."""
    for folder in places:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            lock = folder / "kernels.lock"
            lock.touch()
            yield lock


def source_stamp() -> str:
    """Gives a hash of the kernels' source."""
    sources = [path for path in sorted(_SOURCES.glob("*.py")) if path.name not in _NOT_COMPILED]
    return sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _name() -> str:
    """Names the file after all that the code depends on."""
    machine = llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    parts = source_stamp(), machine, llvmlite.__version__, object.__basicsize__
    return f"kernels-{sha256(repr(parts).encode()).hexdigest()[:32]}.o"
