"""Contributions and derivatives over HTTP: by body and by address, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kan.state import NetworkState

URL = "/v1/models/concrete/versions/1/predict"
ROWS = [[300.0, 28, "north", 180.5], [410.5, 90, "south", None]]
FIRST = "cement=300&age=28&site=north&water=180.5"


@pytest.fixture
def concrete(publish: Any, regression: NetworkState) -> None:
    publish(regression, training={"term_means": [[0.5], [0.25], [-1.0]]})


def test_contributions_sum_to_the_prediction(api: Any, concrete: None) -> None:
    body = api.post(URL + "?contributions=true", json={"rows": ROWS}).json()
    found = body["contributions"]
    assert found["terms"] == [{"output": "strength", "name": name} for name in ("h0", "h1", "h2")]
    assert found["baseline"] == [35.0 + 16.0 * (0.5 + 0.25 - 1.0)]
    total = found["baseline"][0] + np.array(found["values"]).sum(axis=1)
    np.testing.assert_allclose(total, np.array(body["predictions"])[:, 0], rtol=1e-12)
    assert "gradient" not in body


def test_the_gradient_has_a_number_for_each_number_column(api: Any, concrete: None) -> None:
    found = api.post(URL + "?gradient=true", json={"rows": ROWS}).json()["gradient"]
    assert (found["outputs"], found["inputs"]) == (["strength"], ["cement", "age", "water"])
    assert np.shape(found["values"]) == (2, 1, 3)
    assert [row[0][2] is None for row in found["values"]] == [False, True]
    up, down = (
        api.get(f"{URL}?{FIRST.replace('28', value)}").json()["predictions"][0][0] for value in ("28.001", "27.999")
    )
    assert found["values"][0][0][1] == pytest.approx((up - down) / 0.002, rel=1e-5)


def test_the_address_gives_the_same_as_the_body(api: Any, concrete: None) -> None:
    options = "contributions=true&gradient=1&domain=clamp"
    by_address = api.get(f"{URL}?{options}&{FIRST}").json()
    assert by_address == api.post(f"{URL}?{options}", json={"rows": ROWS[:1]}).json()


def test_clamped_rows_are_explained_where_they_were_evaluated(api: Any, concrete: None) -> None:
    far, end = ({"rows": [[value, *ROWS[0][1:]]]} for value in (900.0, 500.0))
    options = "?contributions=true&gradient=true&domain="
    clamped, inside = (
        api.post(f"{URL}{options}clamp", json=far).json(),
        api.post(f"{URL}{options}warn", json=end).json(),
    )
    assert clamped["contributions"] == inside["contributions"]
    assert clamped["gradient"] == inside["gradient"]


@pytest.mark.parametrize("option", ["contributions=maybe", "interval=0.9", "gradient="])
def test_options_that_are_none_are_refused(api: Any, concrete: None, option: str) -> None:
    response = api.get(f"{URL}?{FIRST}&{option}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "?" + option.partition("=")[0]


def test_tables_are_not_explained(api: Any, concrete: None) -> None:
    response = api.post(URL + "?gradient=true", json={"rows": ROWS}, headers={"Accept": "text/csv"})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "?gradient")


def test_a_version_without_training_means_says_so(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    response = api.post(URL + "?contributions=true", json={"rows": ROWS})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (422, "no_training_means")
    assert api.post(URL + "?gradient=true", json={"rows": ROWS}).status_code == 200
