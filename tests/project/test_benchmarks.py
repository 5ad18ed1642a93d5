"""Every benchmark tells how it is called, without running."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = [path for path in sorted(Path("benchmarks").glob("*.py")) if "__main__" in path.read_text()]


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_benchmark_tells_how_it_is_called(program: Path) -> None:
    done = subprocess.run([sys.executable, program, "--help"], capture_output=True, text=True, check=True)
    assert "usage:" in done.stdout
