"""Every example in a docstring runs and gives what it shows."""

import doctest
import importlib
from pathlib import Path


def test_examples_in_docstrings_run() -> None:
    files = [path for room in ("kan", "service") for path in sorted(Path(room).rglob("*.py"))]
    names = [".".join(path.with_suffix("").parts) for path in files if ">>>" in path.read_text()]
    failed = [name for name in names if doctest.testmod(importlib.import_module(name)).failed]
    assert failed == []
