"""A million rows are trained in bounded memory, measured in a process of its own."""

import subprocess
import sys

import pytest

TABLES = 2.0


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_million_rows_are_trained_in_less_than_twice_the_table(optimizer: str) -> None:
    command = [sys.executable, "benchmarks/large_table.py", "--quick", "--optimizer", optimizer]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    cells = [cell.strip() for cell in done.stdout.splitlines()[-1].strip("| ").split("|")]
    assert cells[0] == "1,000,000"
    assert int(cells[2]) > 1, "no progress was reported"
    assert 1.0 < float(cells[6]) < TABLES
