"""The Python file by itself: no package at hand, rows in, answers out."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from kan.export.document import document
from kan.export.measuring import python_answers
from kan.export.python_code import python_code
from tests.kan.export.exported import networks, said

NETWORKS = networks()


def test_python_runs_by_itself_as_a_filter_of_rows(tmp_path: Path) -> None:
    state = NETWORKS["every input"]
    path = tmp_path / "model.py"
    path.write_text(python_code(document(state)))
    row = {"a": 0.5, 'b "c"': 4.0, "site": None, "water": None}
    run = subprocess.run(["python3", "-I", path], input=json.dumps(row), capture_output=True, text=True, check=True)
    table = {name: np.array([value], dtype=object if name == "site" else float) for name, value in row.items()}
    assert json.loads(run.stdout) == pytest.approx(said(state, table)[0], rel=1e-12)


def test_a_missing_value_that_training_never_had_is_no_answer() -> None:
    table = {"a": np.array([np.nan]), 'b "c"': np.array([4.0])}
    assert np.isnan(python_answers(python_code(document(NETWORKS["plain"])), table)).all()


def test_names_of_columns_are_never_code() -> None:
    state = networks('x\\\n""" + __import__(\'os\').abort() #')["plain"]
    table = {name: np.array([0.5]) for name in document(state)["columns"]}
    assert python_answers(python_code(document(state)), table) == pytest.approx(said(state, table), rel=1e-12)
