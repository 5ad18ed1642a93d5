"""Two writings of one curve have one normal form, and it is the same curve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.symbolic.functions import FUNCTIONS
from kan.symbolic.normal_form import normal_form, plainer_phase

CONSTANT = st.floats(-3.0, 3.0).filter(lambda value: abs(value) > 0.05)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FUNCTIONS)), CONSTANT, CONSTANT, CONSTANT, CONSTANT)
def test_normal_form_is_the_same_curve(function: str, a: float, b: float, c: float, d: float) -> None:
    x = np.linspace(-4.0, 4.0, 97)
    with np.errstate(all="ignore"):
        value = a * FUNCTIONS[function].value(b * x + c) + d
        one, two, three, four = normal_form(function, a, b, c, d)
        form = one * FUNCTIONS[function].value(two * x + three) + four
    # Next to a pole or an end rounding of the argument decides.
    kept = np.isfinite(value) & (np.abs(value) < 1e3) & np.isfinite(form)
    assert np.allclose(form[kept], value[kept], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("function", "given", "expected"),
    [
        ("x", (2.0, 3.0, 1.0, 5.0), (6.0, 1.0, 0.0, 7.0)),
        ("x^2", (1.0, -2.0, 4.0, 0.0), (4.0, 1.0, -2.0, 0.0)),
        ("sin", (1.0, -2.0, 0.5, 0.0), (-1.0, 2.0, -0.5, 0.0)),
        ("sin", (1.0, 2.0, np.pi + 0.5, 0.0), (-1.0, 2.0, 0.5, 0.0)),
        ("exp", (1.0, 2.0, np.log(3.0), 0.0), (3.0, 2.0, 0.0, 0.0)),
        ("sqrt", (1.0, 4.0, 8.0, 0.0), (2.0, 1.0, 2.0, 0.0)),
        ("1/x", (1.0, -2.0, 4.0, 0.0), (-0.5, 1.0, -2.0, 0.0)),
    ],
)
def test_normal_form_written_out(function: str, given: tuple[float, ...], expected: tuple[float, ...]) -> None:
    assert normal_form(function, *given) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["sin", "cos"]), CONSTANT, CONSTANT, st.floats(-9.0, 9.0), CONSTANT)
def test_wave_has_a_phase_within_an_eighth_turn(function: str, a: float, b: float, c: float, d: float) -> None:
    x = np.linspace(-4.0, 4.0, 97)
    name, one, two, three, four = plainer_phase(function, a, b, c, d)
    wave = {"sin": np.sin, "cos": np.cos}
    assert abs(three) <= np.pi / 4 + 1e-12
    assert np.allclose(one * wave[name](two * x + three) + four, a * wave[function](b * x + c) + d, atol=1e-12)


@pytest.mark.parametrize("shift", [1400.0, -1400.0])
def test_an_exponential_far_from_zero_keeps_its_shift(shift: float) -> None:
    # exp(1400) is no float, exp(-1400) is 0.
    assert normal_form("exp", 2.0, 64.0, shift, 0.5) == (2.0, 64.0, shift, 0.5)
