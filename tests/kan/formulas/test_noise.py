"""What the noise of the rows hides is not written, what rises above it is, and values stay within what it hides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.formulas.formula import Formula, FormulaVariable
from kan.formulas.noise import MAX_SIZE, noise_limit, without_hidden
from kan.symbolic.complexity import complexity, size
from kan.symbolic.grammar import Binary, Constant, Node, parse
from kan.symbolic.simplifying import simplified
from tests.kan.symbolic.trees import trees

GENERATOR = np.random.default_rng(0)
ROWS = {
    "load": GENERATOR.uniform(1.0, 50.0, 400),
    "speed": GENERATOR.uniform(5.0, 120.0, 400),
    "year": 1990.0 + np.arange(400.0) % 30,
}


def formula(root: Node) -> Formula:
    return Formula("y", root, tuple(FormulaVariable(name, name) for name in ROWS))


def shown(written: str, noise: float = 0.05) -> str:
    """The text of a formula whose target has so much noise, in standard deviations, on 640 rows."""
    whole = formula(parse(written).root)
    values = whole.evaluate(ROWS)
    return without_hidden(whole, ROWS, noise_limit(values, noise * float(values.std()), 640)).written()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1.0002*load**2 - 7e-7*speed + 0.0003", "load**2"),
        ("0.2*load + 0.0009*(speed - 0.02)**2 + 4.01", "0.2*load + 0.0009*speed**2 + 4.01"),
        ("sin(0.1*load + 1e-6*year - 0.002) + 0.03*speed", "sin(0.1*load) + 0.03*speed"),
        ("load*speed/(1 + 1e-6*load)", "load*speed"),
        ("0.5*load - 1.0001*speed", "0.5*load - speed"),
        ("0.02*(year - 1995)*load + 1e-5*speed", "0.02*(year - 1995)*load"),
        ("0.2*load + 0.05*speed + 0.002*(year - 1995)", "0.2*load + 0.05*speed + 0.002*(year - 1995)"),
        ("load**2 + 5", "load**2 + 5"),
    ],
)
def test_what_noise_hides_goes_and_small_terms_above_it_stay(written: str, expected: str) -> None:
    assert shown(written) == expected


def test_a_factor_that_hardly_varies_is_its_mean() -> None:
    found = shown("50*exp(-0.05*load)*(1.0004 - 1e-6*speed)")
    assert found.endswith("*exp(-0.05*load)")
    assert float(found.split("*")[0]) == pytest.approx(50 * (1.0004 - 1e-6 * ROWS["speed"].mean()), rel=1e-12)


def test_without_noise_a_formula_stays_as_it_is() -> None:
    whole = formula(parse("load + 1e-9*speed").root)
    assert without_hidden(whole, ROWS, 0.0) is whole
    assert shown("load + 1e-9*speed", noise=1e-12) == "load + 1e-09*speed"
    far = formula(parse("0.02*(year - 1995)*load").root)
    assert without_hidden(far, ROWS, 1e-9) is far


def test_a_long_formula_stays_as_it_is() -> None:
    long = formula(parse("+".join(f"{number}.5*load*speed**2" for number in range(60))).root)
    assert size(long.root) > MAX_SIZE
    assert without_hidden(long, ROWS, 1e9) is long


def test_limit_is_what_one_number_is_uncertain_by_and_never_a_hundredth_of_the_spread() -> None:
    values = np.array([-1.0, 1.0, np.nan])
    assert noise_limit(values, noise=0.02, rows=100) == pytest.approx(0.004)
    assert noise_limit(values, noise=5.0, rows=100) == pytest.approx(0.01)
    assert noise_limit(np.array([np.nan, -1e300, 1e300]), noise=np.inf, rows=1) == 0.0
    assert noise_limit(np.array([np.nan]), noise=1.0, rows=1) == 0.0


@settings(max_examples=100, deadline=None)
@given(trees(), st.floats(1e-6, 1.0))
def test_values_stay_within_the_limit_and_there_is_no_more_to_read(root: Node, limit: float) -> None:
    columns = {name: np.linspace(0.5, 2.0, 40) ** power for power, name in enumerate(("x1", "x2", "age"), start=1)}
    names = tuple(FormulaVariable(name, name) for name in columns)
    whole = Formula("y", simplified(Binary("+", root, Constant(1e-7))), names)
    shorter = without_hidden(whole, columns, limit)
    exact, found = whole.evaluate(columns), shorter.evaluate(columns)
    finite = np.isfinite(exact)
    if shorter is not whole:
        assert np.sqrt(np.mean((found[finite] - exact[finite]) ** 2)) <= limit * (1 + 1e-6)
    assert complexity(shorter.root) <= complexity(whole.root)
