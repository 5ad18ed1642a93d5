"""An expression becomes a version that predicts it; what is none is refused at once, and nothing of it runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

EXPRESSION = "exp(sin(pi*x1) + x2**2)"
BODY = {"name": "toy", "expression": EXPRESSION, "ranges": {"x1": [-1, 1], "x2": [-1.0, 1.0]}}


def test_an_expression_becomes_a_version_that_predicts_it(api: Any) -> None:
    response = api.post("/v1/models", json={**BODY, "target": "strength"})
    body = response.json()
    assert (response.status_code, response.headers["location"]) == (201, "/v1/models/toy/versions/1")
    assert (body["status"], body["version"], body["training"]) == (
        "published",
        1,
        {"expression": EXPRESSION, "warnings": []},
    )
    assert [(item["name"], item["range"]) for item in body["signature"]["inputs"]] == [
        ("x1", [-1.0, 1.0]),
        ("x2", [-1.0, 1.0]),
    ]
    x = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    answer = api.post("/v1/models/toy/versions/latest/predict", json={"rows": x.tolist()}).json()
    assert answer["outputs"] == ["strength"]
    expected = np.exp(np.sin(np.pi * x[:, 0]) + x[:, 1] ** 2)
    np.testing.assert_allclose(np.array(answer["predictions"])[:, 0], expected, rtol=1e-12)


def test_its_formula_is_the_expression_and_says_that_no_data_set_judged_it(api: Any) -> None:
    api.post("/v1/models", json=BODY)
    (found,) = api.get("/v1/models/toy/versions/1/formula").json()["formulas"]
    assert found["text"] == "exp(sin(3.142*x1) + x2**2)"
    assert (found["r2_test"], found["r2_network"]) == (None, None)
    assert "no data set" in found["r2_test_reason"]
    assert found["max_gap"] < 0.01
    assert api.get("/v1/models/toy/versions/1/plot.svg").status_code == 200


def test_an_existing_model_gets_its_next_version(api: Any) -> None:
    api.post("/v1/models", json=BODY)
    assert api.post("/v1/models", json={**BODY, "expression": "x1 + x2"}).json()["version"] == 2


def test_a_repeat_with_the_same_key_makes_one_version(api: Any) -> None:
    first, second = (api.post("/v1/models", json=BODY, headers={"Idempotency-Key": "one"}) for _ in range(2))
    assert (second.status_code, second.json()) == (201, first.json())
    assert second.headers["idempotency-replayed"] == "true"
    other = api.post("/v1/models", json={**BODY, "expression": "x1"}, headers={"Idempotency-Key": "one"})
    assert (other.status_code, other.json()["type"]) == (422, "/errors#idempotency-key-reused")
    assert api.get("/v1/models/toy").json()["versions"] == 1


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').getpid()",
        "9**9**9",
        "(" * 10_000 + "x1" + ")" * 10_000,
        "x1.__class__",
        "[x1 for x1 in (1,)]",
        "lambda: x1",
        "x1 if x2 else 1",
        "x1 and x2",
        "open(x1)",
        "exp(exp(exp(exp(x1 + 9))))",
        "1/0",
        "log(0 - 1)",
        "x1 + nope",
        "x1 +",
        "",
        "x1" + " + x1" * 5_000,
    ],
)
def test_what_is_no_expression_is_refused_and_nothing_of_it_runs(api: Any, expression: str) -> None:
    response = api.post("/v1/models", json={**BODY, "expression": expression})
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "/errors#invalid-expression"
    assert [item["pointer"] for item in response.json()["errors"]] == ["/expression"]
    assert api.get("/v1/models/toy").status_code == 404


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("x2 + log(x1)", "log(x1) has no value everywhere in the ranges: x1 goes from -1 to 1"),
        ("1/(x1 - x2)", "1/(x1 - x2) has no value everywhere in the ranges: x1 - x2 goes from -2 to 2"),
        ("sqrt(1 - x1**2 - x2**2)", "1 - x1**2 - x2**2 goes from -1 to 1"),
        ("(x1 + 0.5)**x2", "x1 + 0.5 goes from -0.5 to 1.5"),
        ("sin(2*(x1 + x2)", "character 3: a ( that is never closed"),
        ("sin(x1)) + x2", "character 7: a ) that nothing opens"),
        ("x1 + * x2", "character 5: not an expression: something is missing"),
        ("(" * 200 + "x1" + ")" * 200, "at most 100 levels of nesting"),
        ("x1 + " + "9" * 1_000, "a number that fits a float64"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_where(api: Any, expression: str, words: str) -> None:
    response = api.post("/v1/models", json={**BODY, "expression": expression})
    assert response.status_code == 422, response.text
    assert words in response.json()["detail"]


@pytest.mark.parametrize("expression", ["log(x1 + 1) + x2", "1/(x1 - 1)"])
def test_what_has_no_value_at_a_border_alone_is_taken_with_a_warning(api: Any, expression: str) -> None:
    response = api.post("/v1/models", json={**BODY, "expression": expression})
    assert response.status_code == 201, response.text
    (warning,) = response.json()["training"]["warnings"]
    assert "has no value at a border of the ranges" in warning
    (near,) = api.get(response.headers["location"] + "/formula").json()["warnings"]
    assert "has no value" in near


def test_a_name_in_the_address_comes_before_that_of_the_body(api: Any) -> None:
    made = api.post("/v1/models?name=other", json=BODY)
    assert (made.status_code, made.headers["location"]) == (201, "/v1/models/other/versions/1")


@pytest.mark.parametrize("media", ["text/json", "application/jsonp"])
def test_what_only_looks_like_json_is_415(api: Any, media: str) -> None:
    for url in ("/v1/models", "/v1/functions", "/v1/jobs"):
        assert api.post(url, content=b"{}", headers={"Content-Type": media}).status_code == 415, url


def test_a_pole_beside_the_range_is_a_warning_of_the_formula(api: Any) -> None:
    ranges = {"x1": [0.05, 1], "x2": [0, 1]}
    response = api.post("/v1/models", json={**BODY, "expression": "1/x1 + x2", "ranges": ranges})
    assert response.json()["training"]["warnings"] == []
    warnings = api.get(response.headers["location"] + "/formula").json()["warnings"]
    assert [f"has no value just below {0.05:g}" in warning for warning in warnings] == [True]


@pytest.mark.parametrize("body", [b'{"name": ' + b"[" * 100_000, b'{"name": ' + b"9" * 10_000 + b"}"])
def test_json_that_cannot_be_read_says_why(api: Any, body: bytes) -> None:
    response = api.post("/v1/models", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["type"]) == (400, "/errors#malformed-body")
    assert "nested too deeply" in response.json()["detail"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": "No Name"}, "/name"),
        ({"ranges": {}}, "/ranges"),
        ({"ranges": {"x1": [1, -1], "x2": [0, 1]}}, "/ranges/x1"),
        ({"ranges": {"x1": [-1, 1], "x2": [0, 1e200]}}, "/ranges/x2"),
        ({"ranges": {"sin": [-1, 1], "x1": [0, 1], "x2": [0, 1]}}, "/ranges/sin"),
        ({"ranges": {"x1": [-1, 1], "x2": [0, 1], "y": [0, 1]}}, "/ranges/y"),
        ({"ranges": {"x1": [-1, 1], "x2": [0, 1], "a/b~": [1, 0]}}, "/ranges/a~1b~0"),
        ({"ranges": {"x1": [-1], "x2": [0, 1]}}, "/ranges/x1"),
        ({"ranges": {"x1": ["-1", 1], "x2": [0, 1]}}, "/ranges/x1/0"),
        ({"target": "a\nb"}, "/target"),
        ({"more": 1}, "/more"),
    ],
)
def test_names_and_ranges_that_cannot_be_used_are_pointed_at(api: Any, change: dict[str, Any], pointer: str) -> None:
    response = api.post("/v1/models", json={**BODY, **change})
    assert response.status_code == 422, response.text
    assert pointer in [item["pointer"] for item in response.json()["errors"]]


def test_a_point_where_the_formula_is_undefined_is_refused_with_that_reason(api: Any) -> None:
    api.post("/v1/models", json={"name": "toy", "expression": "log(x1)", "ranges": {"x1": [0, 1]}})
    response = api.post("/v1/models/toy/versions/1/predict", json={"rows": [[0.5], [-0.5]]})
    assert response.status_code == 422
    (fault,) = response.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/rows/1", "overflow")
    assert "undefined" in fault["message"]


def test_importance_says_that_a_version_of_an_expression_has_no_data_set(api: Any) -> None:
    api.post("/v1/models", json=BODY)
    response = api.get("/v1/models/toy/versions/1/importance")
    assert response.status_code == 410
    assert "never had one" in response.json()["detail"]
