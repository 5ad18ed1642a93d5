"""Where no kernels are kept, another process compiles them; where that fails, the log says so."""

import logging
import sys
from pathlib import Path

import pytest

from kan.kernels.native.compiling import KERNELS, Kernels
from kan.kernels.native.object_file import kept


@pytest.fixture
def command(tmp_path: Path) -> tuple[str, ...]:
    """Writes what the real command would write, at once."""
    KERNELS.wait()
    code, file = kept(), tmp_path / "code"
    assert code is not None
    file.write_bytes(code)
    copy = "import shutil, sys; shutil.copyfileobj(open(sys.argv[1], 'rb'), sys.stdout.buffer)"
    return (sys.executable, "-c", copy, str(file))


def test_compiled_kernels_are_kept_for_the_next_process(tmp_path: Path, command: tuple[str, ...]) -> None:
    folder = tmp_path / "kept"
    first = Kernels([folder], command)
    assert first.functions() is None
    assert first.wait() is first.functions()
    never = (sys.executable, "-c", "raise SystemExit(1)")
    assert Kernels([folder], never).functions() is not None


def test_kernels_run_where_nothing_can_be_kept(tmp_path: Path, command: tuple[str, ...]) -> None:
    blocked = tmp_path / "a file"
    blocked.touch()
    assert Kernels([blocked], command).wait() is not None


def test_several_that_start_at_once_compile_once(tmp_path: Path, command: tuple[str, ...]) -> None:
    counted = "import sys; open(sys.argv[2], 'a').write('once '); " + command[2].removeprefix("import shutil, sys; ")
    count = tmp_path / "count"
    code = (sys.executable, "-c", f"import shutil; {counted}", command[3], str(count))
    several = [Kernels([tmp_path / "kept"], code) for _ in range(4)]
    assert all(kernels.functions() is None for kernels in several)
    assert all(kernels.wait() is not None for kernels in several)
    assert count.read_text() == "once "


def test_failure_to_compile_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kernels = Kernels([tmp_path], (sys.executable, "-c", "raise SystemExit('no compiler here')"))
    with caplog.at_level(logging.ERROR), pytest.raises(RuntimeError, match="could not be compiled"):
        kernels.wait()
    assert "no compiler here" in caplog.text
    assert kernels.functions() is None
