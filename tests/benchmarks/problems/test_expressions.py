"""The language of the problem sets is closed."""

import numpy as np
import pytest

from benchmarks.problems.expressions import evaluate


def test_formula_is_evaluated_by_the_usual_precedence() -> None:
    x = np.array([0.5, -2.0])
    np.testing.assert_array_equal(evaluate("-x**2 + 3*x/2 - 1", {"x": x}), -(x**2) + 3 * x / 2 - 1)


def test_special_functions_have_their_known_values() -> None:
    assert evaluate("j0(0)", {}) == 1.0
    assert evaluate("first_digit(0.37)", {}) == 3.0
    # Y_2^0 at the pole is sqrt(5 / (4 pi)).
    assert evaluate("sph_harm_re(0, 2, 0, 1)", {}) == pytest.approx((5 / (4 * np.pi)) ** 0.5)


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "x.real", "[1]", "lambda: 1", "x if x else 1", "exp(x=1)", "open", "True", "'a'", "x@x"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not part"):
        evaluate(text, {"x": np.ones(2)})


def test_too_long_an_expression_is_refused() -> None:
    with pytest.raises(ValueError, match="2000"):
        evaluate("1" * 2001, {})
