"""The document of one version: its columns as they are, and an example that is really predicted."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kan.state import NetworkState
from service.settings import Settings


@pytest.fixture
def settings(sqlite_url: str) -> Settings:
    return Settings(database_url=sqlite_url)


def predict_operations(document: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    ((path, operations),) = document["paths"].items()
    return path, operations


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_the_examples_predict_what_they_say(api: Any, publish: Any, request: Any, kind: str) -> None:
    publish(request.getfixturevalue(kind))
    document = api.get("/v1/models/concrete/versions/1/openapi.json").json()
    path, operations = predict_operations(document)
    post, get = operations["post"], operations["get"]
    told = post["responses"]["200"]["content"]["application/json"]
    for example in post["requestBody"]["content"]["application/json"]["examples"].values():
        validator(document, post["requestBody"]["content"]["application/json"]["schema"]).validate(example["value"])
        answer = api.post(path, json=example["value"])
        assert (answer.status_code, answer.json()) == (200, told["example"])
    query = {parameter["name"]: parameter["example"] for parameter in get["parameters"]}
    one = api.get(path, params={name: value for name, value in query.items() if value is not None})
    assert (one.status_code, one.json()) == (200, told["example"])
    validator(document, {"$ref": "#/components/schemas/Prediction"}).validate(told["example"])


def test_columns_have_type_range_categories_and_units(api: Any, publish: Any, regression: NetworkState) -> None:
    signature = {
        "task": "regression",
        "inputs": [{"name": "cement", "type": "number", "units": "kg/m3"}],
        "outputs": [{"name": "strength", "type": "number", "units": "MPa"}],
    }
    publish(regression, signature=signature)
    schemas = api.get("/v1/models/concrete/versions/latest/openapi.json").json()["components"]["schemas"]
    assert schemas["NamedRow"]["properties"] == {
        "cement": {"type": "number", "x-training-range": [100.0, 500.0], "x-units": "kg/m3"},
        "age": {"type": "number", "x-training-range": [1.0, 365.0]},
        "site": {"type": ["string", "null"], "x-categories": ["north", "south"]},
        "water": {"type": ["number", "null"], "x-training-range": [120.0, 240.0]},
    }
    (output,) = schemas["Prediction"]["properties"]["predictions"]["items"]["prefixItems"]
    assert output == {"title": "strength", "type": "number", "x-units": "MPa"}


def test_a_column_named_like_an_option_is_written_with_its_prefix(
    api: Any, publish: Any, classification: NetworkState
) -> None:
    publish(classification)
    _, operations = predict_operations(api.get("/v1/models/concrete/versions/1/openapi.json").json())
    assert [parameter["name"] for parameter in operations["get"]["parameters"]] == ["x", "input.domain"]


def test_a_number_is_kept_for_ever_and_a_name_is_not(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    numbered = api.get("/v1/models/concrete/versions/1/openapi.json")
    named = api.get("/v1/models/concrete/versions/latest/openapi.json")
    assert "immutable" in numbered.headers["cache-control"]
    assert named.headers["content-location"] == "/v1/models/concrete/versions/1/openapi.json"
    assert (named.headers["cache-control"], named.json()) == ("no-cache", numbered.json())
    known = {"If-None-Match": numbered.headers["etag"]}
    assert api.get("/v1/models/concrete/versions/1/openapi.json", headers=known).status_code == 304


def test_a_version_that_is_not_there_has_no_document(api: Any) -> None:
    response = api.get("/v1/models/nothing/versions/1/openapi.json")
    assert (response.status_code, response.json()["type"]) == (404, "/errors#model-not-found")
