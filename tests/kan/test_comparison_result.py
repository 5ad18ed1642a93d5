"""Means, spreads and advice of comparisons with written-out losses."""

from __future__ import annotations

import pytest

from kan.comparison_result import ComparisonResult, Spread, advice, choice, is_worse
from kan.comparison_sides import FormulaFacts, Measurement

SPLINES, SHORT, LONG = FormulaFacts(40), FormulaFacts(0, 12, ("2*a",)), FormulaFacts(0, 400)


def result(facts_of: FormulaFacts = SHORT, score: str = "rmse", /, **losses: tuple[float, ...]) -> ComparisonResult:
    """Gives a comparison with the losses of each side, one a seed."""
    facts = {"kan": SPLINES, "formula": facts_of}
    measured = [
        Measurement(side, seed, {"rows": 20, score: value}, 100, 2.0, 1.5, facts.get(side))
        for side, values in losses.items()
        for seed, value in enumerate(values)
    ]
    found = ComparisonResult.of(measured, tuple(losses))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("losses", "best", "worse"),
    [
        ((2.0, 3.0, 4.0), (1.0, 2.0, 3.0), True),  # always by 1: the seeds' own spread does not count
        ((1.1, 1.9, 3.1), (1.0, 2.0, 3.0), False),  # by 0.1, -0.1 and 0.1: less than its spread
        ((1.01, 2.02, 3.03), (1.0, 2.0, 3.0), False),  # always, but by 1 %
        ((1.05,), (1.0,), False),
        ((1.2,), (1.0,), True),
        ((1.0, 1.0), (1.0, 1.0), False),
    ],
)
def test_worse_is_beyond_the_spread_of_the_differences(
    losses: tuple[float, ...], best: tuple[float, ...], worse: bool
) -> None:
    assert is_worse(losses, best) is worse


@pytest.mark.parametrize(
    ("losses", "formula", "chosen"),
    [
        ({"kan": (1.0, 1.1), "formula": (1.02, 1.0), "linear": (3.0, 3.1)}, SHORT, "formula"),
        ({"kan": (1.0, 1.1), "formula": (1.02, 1.0), "linear": (3.0, 3.1)}, LONG, "kan"),
        ({"kan": (1.0, 1.1), "formula": (1.02, 1.0), "linear": (3.0, 3.1)}, SPLINES, "kan"),
        ({"kan": (1.0, 1.1), "formula": (1.0, 1.1), "linear": (1.0, 1.1)}, SHORT, "linear"),
        ({"kan": (1.0, 1.1), "formula": (2.0, 2.1), "mlp_time": (0.99, 1.11)}, SHORT, "kan"),
        ({"kan": (1.0, 1.1), "formula": (2.0, 2.1), "mlp_time": (0.5, 0.6)}, SHORT, "mlp_time"),
        ({"kan": (1.0, 1.1), "formula": (0.5, 0.6), "mlp_time": (1.5, 1.6)}, LONG, "formula"),
    ],
)
def test_most_readable_side_that_is_not_worse_than_the_best_is_chosen(
    losses: dict[str, tuple[float, ...]], formula: FormulaFacts, chosen: str
) -> None:
    assert choice(result(formula, **losses)) == chosen


def test_advice_says_what_wins_and_that_there_is_no_formula() -> None:
    told = advice(result(SPLINES, kan=(1.0, 1.1), formula=(1.0, 1.1), mlp_parameters=(0.9, 1.0), mlp_time=(0.5, 0.6)))
    assert told == (
        "Take the MLP of equal time: it has the lowest RMSE on the test rows, 0.55, and all that is easier to read is "
        "worse. The KAN loses to the MLP of equal time (RMSE 1.05 against 0.55). There is no formula: some edges stay "
        "curves."
    )


def test_advice_takes_the_readable_one_where_the_difference_is_chance() -> None:
    told = advice(result(SHORT, "log_loss", kan=(1.0, 1.1), formula=(1.02, 1.1), mlp_time=(1.1, 1.0)))
    assert told == (
        "Take the formula: its log-loss of 1.06 is not worse than the lowest, 1.05 of the KAN, beyond chance, and it "
        "is easier to read. Between the KAN and the MLP of equal time there is no difference beyond the spread "
        "(log-loss 1.05 against 1.05). There is a formula, of complexity 12."
    )


def test_advice_of_one_seed_warns() -> None:
    told = advice(result(LONG, kan=(1.0,), formula=(1.3,), mlp_time=(2.0,)))
    assert "The KAN beats the MLP of equal time (RMSE 1 against 2), the better of those that were trained." in told
    assert "of complexity 400; above 100 it is not counted as readable." in told
    assert told.endswith("more seeds tell more.")


def test_seeds_without_every_side_are_left_out() -> None:
    measured = [Measurement("kan", seed, {"rows": 1, "rmse": 1.0}, 1, 1.0, 1.0, SPLINES) for seed in (4, 5)]
    linear = Measurement("linear", 4, {"rows": 1, "rmse": 2.0}, 1, 1.0, 1.0)
    found = ComparisonResult.of([*measured, linear], ("kan", "linear"))
    assert found is not None
    assert found.seeds == (4,)
    assert ComparisonResult.of(measured, ("kan", "linear")) is None


def test_json_has_mean_and_spread_of_everything() -> None:
    shown = result(kan=(1.0, 3.0), formula=(2.0, 2.0), linear=(5.0, 7.0)).to_json()
    kan, formula, linear = shown["sides"]
    assert kan["metrics"]["rmse"] == {"mean": 2.0, "spread": pytest.approx(2**0.5), "values": [1.0, 3.0]}
    assert kan["parameters"] == {"mean": 100.0, "spread": 0.0, "values": [100.0, 100.0]}
    assert kan["test_rows"] == [20, 20]
    assert formula["formulas"][1] == {"seed": 1, "splines": 0, "complexity": 12, "text": ["2*a"]}
    assert "formulas" not in linear
    assert (shown["compared_by"], shown["seeds"], shown["choice"]) == ("rmse", [0, 1], "formula")


def test_spread_of_a_score_that_is_missing_once_is_none() -> None:
    assert Spread((1.0, None)).to_json() == {"mean": None, "spread": None, "values": [1.0, None]}
