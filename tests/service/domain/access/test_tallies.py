"""Plain counts: cumulative buckets, and no more names than are told apart."""

from __future__ import annotations

from service.domain.access.tallies import MAX_MODELS, OTHER_MODELS, Histogram, PredictionTallies, RequestTallies


def test_histogram_counts_values_up_to_each_bound() -> None:
    found = Histogram((1.0, 10.0))
    for value in (0.5, 1, 1.5, 10, 11):
        found.observe(value)
    assert found.cumulative() == [("1.0", 2), ("10.0", 4), ("+Inf", 5)]
    assert found.total == 24


def test_predictions_are_counted_by_model() -> None:
    tallies = PredictionTallies()
    tallies.add("a", 3, 1)
    tallies.add("a", 4, 0)
    tallies.add("b", 1, 0)
    assert (tallies.rows, tallies.outside) == ({"a": 7, "b": 1}, {"a": 1, "b": 0})
    assert tallies.batches.cumulative()[-1] == ("+Inf", 3)


def test_models_beyond_those_told_apart_are_counted_together() -> None:
    tallies = PredictionTallies()
    for number in range(MAX_MODELS + 50):
        tallies.add(f"m{number}", 2, 1)
    assert len(tallies.rows) == MAX_MODELS + 1
    assert (tallies.rows[OTHER_MODELS], tallies.outside[OTHER_MODELS]) == (100, 50)
    tallies.add("m0", 2, 0)
    assert tallies.rows["m0"] == 4


def test_requests_are_counted_by_method_address_and_status() -> None:
    tallies = RequestTallies()
    for status in (200, 200, 404):
        tallies.add("GET", "/v1/models", status, 0.004)
    assert dict(tallies.counts) == {("GET", "/v1/models", 200): 2, ("GET", "/v1/models", 404): 1}
    assert tallies.seconds["/v1/models"].cumulative()[2] == ("0.005", 3)
