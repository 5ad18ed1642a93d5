"""Bounds by their definition, what is kept of many scores, and that the promise holds on drawn rows."""

import numpy as np
import pytest

from kan.conformal import MOST_KEPT, conformal_bound, conformity_scores, kept_scores
from kan.encoding import BinaryOutput, Encoding, NumberInput, NumberOutput

INPUTS = (NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),)


@pytest.mark.parametrize(("level", "expected"), [(0.01, 1.0), (0.1, 1.0), (0.11, 2.0), (0.5, 5.0), (0.9, 9.0)])
def test_the_bound_is_the_score_of_the_rank_that_the_theorem_names(level: float, expected: float) -> None:
    (kept,) = kept_scores(np.arange(1.0, 10.0)[:, None])
    assert conformal_bound(kept, level) == expected


def test_nine_rows_carry_nine_tenths_and_no_more() -> None:
    (kept,) = kept_scores(np.arange(1.0, 10.0)[:, None])
    assert conformal_bound(kept, 0.901) is None
    assert conformal_bound(kept_scores(np.full((3, 1), np.nan))[0], 0.5) is None


def test_of_many_scores_some_are_kept_and_a_bound_never_gets_smaller_by_it() -> None:
    scores = np.random.default_rng(0).exponential(size=(20_000, 1))
    (kept,) = kept_scores(scores)
    assert (kept["rows"], len(kept["values"]), kept["ranks"][-1]) == (20_000, MOST_KEPT, 20_000)
    ordered = np.sort(scores[:, 0])
    for level in (0.5, 0.9, 0.95, 0.999):
        exact = ordered[int(np.ceil(20_001 * level)) - 1]
        bound = conformal_bound(kept, level)
        assert bound is not None
        assert exact <= bound <= ordered[min(int(np.ceil(20_001 * level)) + 81, 19_999)]


def test_rows_without_a_target_do_not_count_and_those_without_an_answer_count_as_never_held() -> None:
    encoding = Encoding(INPUTS, (NumberOutput("y", 10.0, 2.0),))
    table = {"y": np.array([10.0, np.nan, 12.0, 14.0])}
    scores = conformity_scores(encoding, np.array([[0.5], [0.0], [np.inf], [1.0]]), table)
    assert scores[:, 0].tolist()[0::2] == [1.0, np.inf]
    assert np.isnan(scores[1, 0])
    assert kept_scores(scores) == [{"rows": 3, "ranks": [1, 2], "values": [1.0, 2.0]}]


def test_of_classes_the_score_is_what_the_true_one_lacks() -> None:
    encoding = Encoding(INPUTS, (BinaryOutput("kind", ("no", "yes")),))
    table = {"kind": np.array(["yes", "no", "never seen"], dtype=object)}
    scores = conformity_scores(encoding, np.log(np.array([[3.0], [3.0], [3.0]])), table)
    assert scores[:, 0] == pytest.approx([0.25, 0.75, 1.0])


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_promise_holds_on_average_over_drawn_rows(level: float) -> None:
    generator = np.random.default_rng(0)
    held = []
    for _ in range(2_000):
        scores = generator.standard_cauchy((41, 1)) ** 2
        bound = conformal_bound(kept_scores(scores[:40])[0], level)
        held.append(bound is not None and scores[40, 0] <= bound)
    # k / 41 of a beta distribution's mean; three standard errors of 2,000 draws.
    expected = np.ceil(41 * level) / 41
    assert np.mean(held) == pytest.approx(expected, abs=3 * np.sqrt(level * (1 - level) / 2_000))
