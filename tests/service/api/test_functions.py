"""The library of functions over HTTP: added ones are used by their name, and no version depends on it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from kan.encoding import NumberInput, NumberOutput
from kan.formulas.compiling import compiled
from kan.state import NetworkState
from kan.symbolic.grammar import parse

URL = "/v1/functions"
BASE = "/v1/models/concrete/versions/1"
DAMPED = {"name": "damped", "expression": "t*exp(-t)", "description": "Rises, then dies away"}


@pytest.fixture
def state(publish: Any) -> NetworkState:
    """Y = exp(-u) of one column u in [0, 3]; the edge looks like a function that is added."""
    made = compiled(parse("2*u*exp(-u) + 1"), {"u": (0.0, 3.0)})
    publish(made)
    return made


def test_added_function_is_listed_beside_the_built_in_ones(api: Any) -> None:
    response = api.post(URL, json=DAMPED)
    assert (response.status_code, response.headers["location"]) == (201, "/v1/functions/damped")
    shown = response.json()
    assert (shown["text"], shown["complexity"], shown["origin"]) == ("x*exp(-x)", 3, "user")
    assert api.get(response.headers["location"]).json() == shown
    data = api.get(URL).json()["data"]
    assert data[-1] == shown
    assert [item["origin"] for item in data] == ["built-in"] * (len(data) - 1) + ["user"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "sin"}, "/name"),
        ({"name": "x"}, "/name"),
        ({"name": "pi"}, "/name"),
        ({"name": "cosh"}, "/name"),
        ({"name": "Damped"}, "/name"),
        ({"name": "1/x"}, "/name"),
        ({"name": ""}, "/name"),
        ({"expression": "x1 + x2"}, "/expression"),
        ({"expression": "2"}, "/expression"),
        ({"expression": "foo(x)"}, "/expression"),
        ({"expression": "__import__('os').getpid()"}, "/expression"),
        ({"expression": "9**9**9*x"}, "/expression"),
        ({"expression": "(" * 10_000}, "/expression"),
        ({"expression": "x+" * 400 + "x"}, "/expression"),
        ({"expression": ""}, "/expression"),
        ({"description": "a\u0000b"}, "/description"),
        ({"description": "a" * 501}, "/description"),
        ({"complexity": "low"}, "/complexity"),
    ],
)
def test_what_cannot_be_a_function_is_refused_with_its_place(api: Any, body: dict[str, Any], pointer: str) -> None:
    response = api.post(URL, json={**DAMPED, **body})
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert [item for item in api.get(URL).json()["data"] if item["origin"] == "user"] == []


def test_name_that_is_taken_is_a_conflict_and_the_same_key_replays(api: Any) -> None:
    key = {"Idempotency-Key": "k1"}
    first = api.post(URL, json=DAMPED, headers=key)
    again = api.post(URL, json=DAMPED, headers=key)
    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (201, first.json(), "true")
    response = api.post(URL, json={**DAMPED, "expression": "sin(x)/x"})
    assert (response.status_code, response.json()["type"]) == (409, "/errors#function-exists")
    assert api.get(URL + "/damped").json()["text"] == "x*exp(-x)"


def test_each_listed_function_is_found_by_its_name(api: Any) -> None:
    api.post("/v1/functions", json={"name": "damped", "expression": "t*exp(-t)"})
    listed = api.get("/v1/functions").json()["data"]
    assert [api.get(f"/v1/functions/{quote(function['name'], safe='')}").json() for function in listed] == listed
    assert {"1/x", "x^2", "damped"} <= {function["name"] for function in listed}


def test_built_in_function_stays(api: Any) -> None:
    assert [api.delete(f"/v1/functions/{name}").status_code for name in ("exp", "1%2Fx")] == [404, 404]
    assert api.get("/v1/functions/exp").status_code == 200


@pytest.mark.parametrize("name", ["damped", "a%20b", "A" * 300])
def test_function_that_nobody_added_is_not_found(api: Any, name: str) -> None:
    for response in (api.get(f"{URL}/{name}"), api.delete(f"{URL}/{name}")):
        assert (response.status_code, response.json()["type"]) == (404, "/errors#function-not-found")


def test_suggestions_take_it_by_name_and_follow_its_definition(api: Any, publish: Any, network_of: Any) -> None:
    publish(network_of((NumberInput("u", "u", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 0.0, 1.0),)))
    address = BASE + "/activations/0/0/0/suggestions?library=damped&library=x^2"
    assert api.get(address).json()["errors"][0]["pointer"] == "?library"
    api.post(URL, json=DAMPED)
    response = api.get(address)
    assert {item["function"] for item in response.json()["data"]} == {"damped", "x^2"}
    assert "no-cache" in response.headers["cache-control"]
    assert "immutable" in api.get(address.replace("damped", "sin")).headers["cache-control"]
    api.delete(URL + "/damped")
    api.post(URL, json={"name": "damped", "expression": "1/(1 + x**2)"})
    again = api.get(address, headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 200
    assert again.json()["data"] != response.json()["data"]


def test_version_keeps_the_function_when_it_is_deleted_and_defined_anew(api: Any, state: NetworkState) -> None:
    api.post(URL, json=DAMPED)
    fixed = {"op": "fix_symbolic", "layer": 0, "source": 0, "target": 0, "function": "damped"}
    constants = {"a": 1.5, "b": 1.0, "c": 0.25, "d": -0.5}
    made = api.post(BASE + "/edits", json={"operations": [{**fixed, **constants}]})
    assert made.status_code == 201, made.text
    assert made.json()["edit"]["operations"][0]["function"] == "x*exp(-x)"
    child = made.headers["location"]
    rows = {"rows": [[0.1], [1.0], [2.9]]}
    before = api.post(child + "/predict", json=rows).json()["predictions"]
    assert api.delete(URL + "/damped").status_code == 204
    api.post(URL, json={"name": "damped", "expression": "sin(x)"})
    assert api.post(child + "/predict", json=rows).json()["predictions"] == before
    (edge,) = api.get(child + "/activations?layer=0&source=0&target=0").json()["layers"][0]["edges"]
    assert edge["symbolic"]["function"] == "x*exp(-x)"


def test_edge_that_looks_like_it_is_fixed_and_written_out(api: Any, publish: Any, network_of: Any) -> None:
    publish(network_of((NumberInput("u", "u", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 2.0, 3.0),)))
    api.post(URL, json={"name": "bump", "expression": "1/(1 + v**2)"})
    fixed = {"op": "fix_symbolic", "layer": 0, "source": 0, "target": 0, "function": "bump"}
    made = api.post(BASE + "/edits", json={"operations": [fixed]})
    assert made.status_code == 201, made.text
    child = made.headers["location"]
    formula = api.get(child + "/formula?digits=17").json()["formulas"][0]
    rows = [[-0.9], [0.0], [0.4]]
    said = np.array(api.post(child + "/predict", json={"rows": rows}).json()["predictions"])[:, 0]
    known = parse(formula["text"]).evaluate({"u": np.array(rows)[:, 0]})
    np.testing.assert_allclose(known, said, rtol=1e-12)
    for notation in ("latex", "mathml", "python", "c"):
        assert api.get(f"{child}/formula?format={notation}").status_code == 200
    assert api.get(child + "/plot.svg").status_code == 200


def test_job_that_symbolifies_takes_it_by_name(api: Any) -> None:
    u = np.linspace(0.1, 3.0, 40)
    table = {"columns": {"u": u.tolist(), "y": (u * np.exp(-u)).tolist()}}
    dataset = api.post("/v1/datasets?name=a", json=table).json()["id"]
    recipe = [{"stage": "fit", "steps": 5}, {"stage": "symbolify", "library": ["x", "damped"]}]
    spec = {"kind": "train", "dataset": dataset, "targets": ["y"], "network": {"hidden": []}, "recipe": recipe}
    refused = api.post("/v1/jobs?dry_run=true", json=spec)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/recipe/1/library"]
    api.post(URL, json=DAMPED)
    resolved = api.post("/v1/jobs?dry_run=true", json=spec).json()["resolved"]
    assert resolved["recipe"][1]["library"] == ["x", "x*exp(-x)"]


def test_function_that_fits_nowhere_on_the_edge_is_refused(api: Any, publish: Any, network_of: Any) -> None:
    publish(network_of((NumberInput("u", "u", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 0.0, 1.0),)))
    # Defined nowhere: the root of a negative number.
    api.post(URL, json={"name": "nowhere", "expression": "sqrt(-1 - x**2)"})
    fixed = {"op": "fix_symbolic", "layer": 0, "source": 0, "target": 0, "function": "nowhere"}
    response = api.post(BASE + "/edits", json={"operations": [fixed]})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/operations/0/function")
