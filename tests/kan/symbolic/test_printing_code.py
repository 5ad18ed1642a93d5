"""Source text of Python and C: run, compiled, and equal to the expression."""

import ctypes
import math
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from kan.symbolic.grammar import Node, Variable, parse
from kan.symbolic.printing import text
from kan.symbolic.printing_code import c_source, python_source
from tests.kan.symbolic.trees import NAMES, independent_value, trees

LEGEND = {name: name for name in NAMES}
VALUES = {"x1": 0.3, "x2": -1.7, "age": 42.0}
EVERYTHING = (
    "sigmoid(x1 - 2)*gaussian(-x2) - j0(age)/sgn(x2) + abs(x2)**2.5 - (-x1)**3 + arcsin(x1)*arccos(x1)"
    " - arctanh(x1)**-2 + sinh(x1)*cosh(x2)/tan(age) + arctan(x1 - tanh(x2)) + sqrt(age)*log(age)*exp(-x1) + sgn(0*x1)"
)
HOSTILE = ['"><script>', "*/ int main() { return 1; }", "a\nimport os", "\\input{x}", "??/", "a b", "é"]


def python_function(source: str) -> Callable[..., float]:
    """Gives `predict` of the source, which may use nothing but math."""
    room: dict[str, Callable[..., float]] = {}
    exec(compile(source, "formula", "exec"), room)
    return room["predict"]


def value_in_python(node: Node, values: Mapping[str, float]) -> float:
    try:
        return python_function(python_source({"y": node}, LEGEND))(*values.values())
    except (ValueError, ZeroDivisionError, OverflowError):
        return math.nan


def values_in_c(sources: list[str], values: list[float], folder: Path) -> list[float]:
    """Compiles all sources into one library, all warnings being errors, and gives their values."""
    compiler = shutil.which("cc") or pytest.skip("NO C COMPILER: the C source of formulas is not tested here")
    for place, source in enumerate(sources):
        (folder / f"{place}.c").write_text(source.replace("double predict(", f"double predict{place}(", 1))
    options = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-shared", "-fPIC", "-o", "formulas.so"]
    files = [f"{place}.c" for place in range(len(sources))]
    subprocess.run([compiler, *options, *files, "-lm"], check=True, cwd=folder)
    library = ctypes.CDLL(str(folder / "formulas.so"))
    found = []
    for place in range(len(sources)):
        predict = getattr(library, f"predict{place}")
        predict.restype = ctypes.c_double
        found.append(float(predict((ctypes.c_double * len(values))(*values))))
    return found


@given(trees())
def test_python_source_has_the_value_of_the_text(tree: Node) -> None:
    assert value_in_python(tree, VALUES) == pytest.approx(
        independent_value(text(tree), VALUES), rel=1e-9, abs=1e-9, nan_ok=True
    )


def test_python_source_has_every_function() -> None:
    expression = parse(EVERYTHING)
    expected = float(expression.evaluate({name: np.array(value) for name, value in VALUES.items()}))
    assert value_in_python(expression.root, VALUES) == pytest.approx(expected, rel=1e-13)


def test_python_source_says_what_each_argument_is() -> None:
    source = python_source({"strength": parse("2*cement + x2").root}, {"cement": "cement", "x2": "a b"})
    assert source == (
        'import math\n\n\n# "strength"\n# cement: "cement"\n# x2: "a b"\n'
        "def predict(cement, x2):\n    return 2.0*cement + x2\n"
    )


def test_power_tower_in_python_source_ends_at_once() -> None:
    assert math.isnan(value_in_python(parse("9**9**9").root, VALUES))


def test_python_source_has_no_complex_numbers() -> None:
    assert math.isnan(value_in_python(parse("x2**0.5").root, VALUES))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leaves_its_comment(name: str, tmp_path: Path) -> None:
    python = python_source({name: Variable("x1")}, {"x1": name})
    assert python_function(python)(1.5) == 1.5
    assert [line for line in python.splitlines() if not line.startswith("#")][-2:] == [
        "def predict(x1):",
        "    return x1",
    ]
    assert values_in_c([c_source({name: Variable("x1")}, {"x1": name})], [1.5], tmp_path) == [1.5]


def test_c_source_has_every_function(tmp_path: Path) -> None:
    expression = parse(EVERYTHING)
    expected = float(expression.evaluate({name: np.array(value) for name, value in VALUES.items()}))
    values = values_in_c([c_source({"y": expression.root}, LEGEND)], list(VALUES.values()), tmp_path)
    assert values[0] == pytest.approx(expected, rel=1e-13)


def test_c_source_has_the_values_of_many_expressions(tmp_path: Path) -> None:
    texts: list[str] = []

    @settings(max_examples=60)
    @given(trees())
    def collect(tree: Node) -> None:
        texts.append(text(tree))

    collect()
    expected = [independent_value(one, VALUES) for one in texts]
    # Python raises where C goes on with infinity, so that only finite values are compared.
    finite = [place for place, value in enumerate(expected) if math.isfinite(value)]
    assert len(finite) > 10
    sources = [c_source({"y": parse(texts[place]).root}, LEGEND) for place in finite]
    values = values_in_c(sources, list(VALUES.values()), tmp_path)
    for place, value in zip(finite, values, strict=True):
        assert value == pytest.approx(expected[place], rel=1e-9, abs=1e-9), texts[place]


def test_python_source_runs_in_an_interpreter_of_its_own() -> None:
    source = python_source({"y": parse("j0(x1) + sgn(x2)").root}, {"x1": "x1", "x2": "x2"})
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"{source}\nprint(predict(0.0, -2.0))"], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) == pytest.approx(0.0, abs=1e-15)


def test_several_outputs_are_one_function_of_them_all(tmp_path: Path) -> None:
    outputs = {"strength": parse("2*x1 + sgn(x2)").root, "*/ cost": parse("j0(age)").root, "none": parse("3").root}
    expected = [2 * 0.3 - 1.0, float(parse("j0(42)").evaluate({})), 3.0]
    source = python_source(outputs, LEGEND)
    assert '# y[0]: "strength"' in source
    found = python_function(source)(*VALUES.values())
    assert found == pytest.approx(expected, rel=1e-12)
    compiler = shutil.which("cc") or pytest.skip("NO C COMPILER: the C source of formulas is not tested here")
    (tmp_path / "all.c").write_text(c_source(outputs, LEGEND))
    options = [
        "-std=c99",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-pedantic",
        "-shared",
        "-fPIC",
        "-o",
        "all.so",
        "all.c",
        "-lm",
    ]
    subprocess.run([compiler, *options], check=True, cwd=tmp_path)
    values, inputs = (ctypes.c_double * 3)(), (ctypes.c_double * 3)(*VALUES.values())
    ctypes.CDLL(str(tmp_path / "all.so")).predict(inputs, values)
    assert list(values) == pytest.approx(expected, rel=1e-12)
