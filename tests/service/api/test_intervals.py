"""Intervals and sets over HTTP: by the test rows' errors, in every format; refused where nothing can be promised."""

from __future__ import annotations

from typing import Any

import pytest

from kan.encoding import ClassOutput, NumberInput, NumberOutput
from kan.state import NetworkState
from service.api.table_formats import FILE_FORMATS
from service.domain.residuals import KNOWN_ROWS
from service.domain.tables.upload import CSV

URL = "/v1/models/concrete/versions/1/predict"
ROWS = {"rows": [[0.1], [0.2]]}
NINE = [{"rows": 9, "ranks": list(range(1, 10)), "values": [float(rank) for rank in range(1, 10)]}]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The kind of database does not matter here."""
    return sqlite_url


@pytest.fixture
def numbers(publish: Any, network_of: Any) -> None:
    state = network_of((NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 2.0, 1.5),))
    publish(state, training={"residuals": NINE})


def test_an_interval_lies_around_each_prediction(api: Any, numbers: None) -> None:
    body = api.post(URL + "?interval=0.5", json=ROWS).json()
    found, said = body["interval"], body["predictions"]
    assert (found["level"], found["test_rows"]) == (0.5, 9)
    assert found["low"] == [[value - 5.0] for (value,) in said]
    assert found["high"] == [[value + 5.0] for (value,) in said]
    assert api.get(URL + "?x=0.1&interval=0.5").json()["interval"]["low"] == found["low"][:1]
    assert "interval" not in api.post(URL, json=ROWS).json()


def test_test_rows_that_a_parent_may_have_learnt_from_promise_nothing(api: Any, publish: Any, network_of: Any) -> None:
    state = network_of((NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 2.0, 1.5),))
    publish(state, training={"resolved": {KNOWN_ROWS: True}, "residuals": None})
    version = URL.removesuffix("/predict")
    edited = api.post(f"{version}/edits", json={"operations": [{"op": "refine", "grid": 6}]})
    assert edited.status_code == 201, edited.text
    for number in (1, edited.json()["version"]):
        answer = api.post(f"/v1/models/concrete/versions/{number}/predict?interval=0.5", json=ROWS)
        assert answer.status_code == 422
        assert "may have taught" in answer.text


def test_tables_have_the_ends_as_columns(api: Any, numbers: None) -> None:
    lines = api.post(URL + "?interval=.9", json=ROWS, headers={"Accept": "text/csv"}).text.splitlines()
    assert lines[0] == '"y","low(y)","high(y)"'
    said, low, high = (float(cell) for cell in lines[1].split(","))
    assert (low, high) == (said - 9.0, said + 9.0)


@pytest.mark.parametrize("media_type", FILE_FORMATS)
def test_a_target_with_the_name_of_an_end_keeps_it(api: Any, publish: Any, network_of: Any, media_type: str) -> None:
    outputs = (NumberOutput("y", 2.0, 1.5), NumberOutput("low(y)", 0.0, 1.0))
    publish(network_of((NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),), outputs), training={"residuals": NINE * 2})
    answer = api.post(URL + "?interval=.9", json=ROWS, headers={"Accept": media_type})
    assert answer.status_code == 200, answer.text
    if media_type == CSV:
        names = answer.text.splitlines()[0].replace('"', "").split(",")
        assert names == ["y", "low(y)", "low(y)'", "high(y)", "low(low(y))", "high(low(y))"]


def test_a_class_target_with_the_name_of_a_probability_keeps_it(api: Any, publish: Any, network_of: Any) -> None:
    inputs = (NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),)
    publish(network_of(inputs, (ClassOutput("probability(a)", ("a", "b", "c")),)))
    answer = api.post(URL, json=ROWS, headers={"Accept": CSV})
    names = ["probability(a)", "probability(a)'", "probability(b)", "probability(c)"]
    assert answer.text.splitlines()[0].replace('"', "").split(",") == names


def test_classes_have_sets_that_are_never_empty(api: Any, publish: Any, classification: NetworkState) -> None:
    values = [0.0, 0.05, 0.1, 0.6, 0.9]
    publish(classification, training={"residuals": [{"rows": 5, "ranks": [1, 2, 3, 4, 5], "values": values}]})
    rows = {"rows": [[0.1, 0.2], [-0.5, 0.9], [0.9, -0.9]]}
    for level, bound in ((0.1, 0.0), (0.6, 0.6), (0.8, 0.9)):
        body = api.post(f"{URL}?interval={level}", json=rows).json()
        for shares, found, label in zip(
            body["probabilities"], body["interval"]["sets"], body["predictions"], strict=True
        ):
            wanted = {name for name, share in zip(body["classes"], shares, strict=True) if 1 - share <= bound}
            assert set(found) == wanted | set(label)
    header = api.post(f"{URL}?interval=0.6", json=rows, headers={"Accept": "text/csv"}).text.splitlines()[0]
    assert header.endswith('"in_set(a)","in_set(b)","in_set(=c)"')


def refusal(response: Any) -> tuple[int, str, str]:
    fault = response.json()["errors"][0]
    return response.status_code, fault["pointer"], fault["code"]


def test_what_the_test_rows_do_not_carry_is_refused(api: Any, numbers: None) -> None:
    response = api.post(URL + "?interval=0.95", json=ROWS)
    assert refusal(response) == (422, "?interval", "too_few_test_rows")
    assert "at most 0.9" in response.json()["detail"]


def test_a_version_without_test_rows_is_refused(api: Any, publish: Any, classification: NetworkState) -> None:
    publish(classification)
    response = api.post(URL + "?interval=0.9", json={"rows": [[0.1, 0.2]]})
    assert refusal(response) == (422, "?interval", "no_test_rows")


def test_a_level_is_a_number_between_0_and_1(api: Any, numbers: None) -> None:
    for level in ("0", "1", "1.0", "90", "-0.5", "nan", "", "x", "1e-1", "0.0"):
        assert refusal(api.post(f"{URL}?interval={level}", json=ROWS)) == (422, "?interval", "invalid_value"), level


def test_residuals_are_not_shown_with_the_version(api: Any, numbers: None) -> None:
    assert api.get("/v1/models/concrete/versions/1").json()["training"] == {}
