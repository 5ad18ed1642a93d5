"""Short numbers, as short as the rows allow, with the measured difference."""

import numpy as np
import pytest

from kan.errors import InvalidConfig
from kan.formulas.building import formulas
from kan.formulas.rounding import rounded, with_digits
from kan.symbolic.grammar import Constant
from tests.kan.formulas.networks import edge, network_of, symbolic_network

ROWS = {"x1": np.linspace(0.5, 2.0, 200)}


def test_digits_that_suffice_are_taken_and_the_difference_is_measured() -> None:
    (exact,) = formulas(network_of([edge(0, 0, "sin", a=1.234567, b=2.345678, d=0.1)]))
    short = rounded(exact, ROWS, 4)
    assert short.formula.written() == "1.235*sin(2.346*x1) + 0.1"
    apart = np.abs(1.235 * np.sin(2.346 * ROWS["x1"]) - 1.234567 * np.sin(2.345678 * ROWS["x1"]))
    assert short.digits == 4
    assert short.max_difference == pytest.approx(apart.max(), rel=1e-9)
    assert short.rms_difference == pytest.approx(np.sqrt(np.mean(apart**2)), rel=1e-9)


def test_more_digits_are_taken_where_few_would_change_the_values() -> None:
    # 1e5 * 2 in a sine: with 4 digits the phase is off by more than a turn.
    (exact,) = formulas(network_of([edge(0, 0, "sin", b=123456.789)]))
    short = rounded(exact, ROWS, 2)
    assert short.digits > 8
    values = short.formula.evaluate(ROWS)
    assert np.sqrt(np.mean((values - exact.evaluate(ROWS)) ** 2)) <= 1e-3 * exact.evaluate(ROWS).std()


def test_spread_of_the_target_is_the_measure_where_it_is_given() -> None:
    (exact,) = formulas(network_of([edge(0, 0, "x", a=1.2345)]))
    assert rounded(exact, ROWS, 1).digits == 5
    assert rounded(exact, ROWS, 1, y=np.array([0.0, 1e4])).digits == 1


def test_factor_that_is_rounded_to_one_is_left_out() -> None:
    (exact,) = formulas(network_of([edge(0, 0, "sin", a=1.00001)]))
    assert rounded(exact, ROWS, 3).formula.written() == "sin(x1)"


def test_all_digits_give_the_exact_formula() -> None:
    (exact,) = formulas(symbolic_network(1, 2, 1))
    assert rounded(exact, ROWS, 17).formula == exact


def test_constant_formula_keeps_its_digits() -> None:
    (exact,) = formulas(network_of([edge(0, 0, "x", a=0.0, d=1 / 3)]))
    short = rounded(exact, ROWS, 3)
    assert (short.digits, short.rms_difference) == (16, 0.0)


@pytest.mark.parametrize("digits", [0, 18])
def test_impossible_digits_are_refused(digits: int) -> None:
    (exact,) = formulas(network_of([edge(0, 0, "x")]))
    with pytest.raises(InvalidConfig, match="digits"):
        rounded(exact, ROWS, digits)


def test_the_largest_number_is_not_rounded_up_to_infinity() -> None:
    largest = np.finfo(np.float64).max
    assert with_digits(Constant(largest), 4) == Constant(largest)
    assert with_digits(Constant(1.2345e300), 2) == Constant(1.2e300)


@pytest.mark.parametrize("unit", [1e160, 1e-165])
def test_digits_and_differences_are_the_same_in_any_unit(unit: float) -> None:
    (plain,) = formulas(network_of([edge(0, 0, "sin", a=1.2345678, b=2.345678)]))
    (scaled,) = formulas(network_of([edge(0, 0, "sin", a=1.2345678 * unit, b=2.345678)]))
    short, found = rounded(plain, ROWS, 1), rounded(scaled, ROWS, 1)
    assert found.digits == short.digits > 1
    assert found.rms_difference / unit == pytest.approx(short.rms_difference, rel=1e-6)
    assert rounded(scaled, ROWS, 1, y=scaled.evaluate(ROWS)).digits == short.digits
