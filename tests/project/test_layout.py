"""The house rules that a program can check: sizes, names, first lines, and where a test folder may not be a package."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOMS = ("kan", "service", "migrations")
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
EMPTY_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "managers", "core", "base", "misc"}
SQL_NAMES = {"select", "insert", "update", "delete", "text", "func"}


def python_files(*rooms: str) -> list[Path]:
    """Gives every Python file of the rooms, in order."""
    return sorted(path for room in rooms for path in Path(room).rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """Gives the syntax tree of a file."""
    return ast.parse(path.read_text())


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Gives every function of a file, methods and inner ones too."""
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {str(path): len(path.read_text().splitlines()) for path in python_files(*ROOMS, "tests")}
    assert {path: length for path, length in lengths.items() if length > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    long = [
        f"{path}:{function.lineno} {function.name}"
        for path in python_files("kan", "service")
        for function in functions_of(path)
        if (function.end_lineno or 0) - _first_line(function) + 1 > MAX_FUNCTION_LINES
    ]
    assert long == []


def _first_line(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Gives the line where the code begins: a long docstring does not make a function long."""
    body = function.body
    has_docstring = ast.get_docstring(function) is not None
    return body[0].end_lineno or function.lineno if has_docstring else function.lineno


def test_scripts_of_the_pages_are_short_and_begin_with_their_idea() -> None:
    scripts = {str(path): path.read_text() for path in Path("service/ui/static").rglob("*.js")}
    assert [path for path, text in scripts.items() if not text.startswith("/** ")] == []
    assert [path for path, text in scripts.items() if len(text.splitlines()) > MAX_FILE_LINES] == []


def test_every_module_begins_with_its_idea() -> None:
    assert [str(path) for path in python_files(*ROOMS, "tests") if not ast.get_docstring(tree_of(path))] == []


def test_tests_are_no_packages() -> None:
    assert list(Path("tests").rglob("__init__.py")) == [], (
        "with one of these `import kan` can load the folder tests/kan"
    )


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in python_files(*ROOMS) if path.stem in EMPTY_NAMES] == []


def test_kan_keeps_its_annotations_as_objects() -> None:
    postponed = [str(path) for path in python_files("kan") if _imports(path, "__future__", {"annotations"})]
    assert postponed == [], "jaxtyping reads annotations as objects, not as text"


def test_sql_statements_are_written_in_the_store_only() -> None:
    outside = [
        str(path)
        for path in python_files("kan", "service")
        if not path.is_relative_to("service/store") and _imports(path, "sqlalchemy", SQL_NAMES)
    ]
    assert outside == []


def _imports(path: Path, module: str, names: set[str]) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and node.module == module and names & {alias.name for alias in node.names}
        for node in ast.walk(tree_of(path))
    )


@pytest.mark.parametrize("word", ["pickle", "cPickle", "dill", "shelve", "marshal"])
def test_nothing_reads_bytes_that_could_run(word: str) -> None:
    users = [str(path) for path in python_files(*ROOMS) if word in _imported_modules(path)]
    assert users == []


def _imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names
