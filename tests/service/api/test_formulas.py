"""Formulas over HTTP: what is printed predicts what the network predicts, in every notation, in the user's units."""

from __future__ import annotations

import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from kan.encoding import ClassOutput, Encoding, LevelsInput, NumberInput, NumberOutput
from kan.split import Part
from tests.kan.formulas.networks import edge, symbolic_network
from tests.kan.formulas.networks import network_of as network_of_edges
from tests.kan.symbolic.trees import independent_value

BASE = "/v1/models/concrete/versions"
FORMULA = f"{BASE}/1/formula"
ROWS = 40
AGE = np.linspace(1.0, 365.0, ROWS)
E = np.cos(np.arange(ROWS)) * 0.01
SITE = [("north", "south", "west")[row % 3] for row in range(ROWS)]
PARTS = np.where(np.arange(ROWS) % 4 == 3, Part.TEST, Part.TRAIN).astype(np.uint8)
# E is Euler's number to some readers of formulas, and "age in days" is no name in any of them.
INPUTS = (
    NumberInput("age in days", "age in days", 180.0, 180.0, 1.0, 365.0),
    NumberInput("E", "E", 0.0, 0.01, -0.01, 0.01),
    LevelsInput("site", "site", ("north", "south", "west"), (14, 13, 13)),
)
Y = NumberOutput("strength", 35.0, 16.0)
SMOOTH = ("x", "x^2", "sin", "tanh", "gaussian", "exp")


@pytest.fixture
def dataset(api: Any) -> str:
    columns = {"age in days": AGE.tolist(), "E": E.tolist(), "site": SITE, "strength": np.sqrt(AGE).tolist()}
    units = {"age in days": "d", "strength": "MPa"}
    return str(api.post("/v1/datasets?name=a", json={"columns": columns, "units": units}).json()["id"])


@pytest.fixture
def version(publish: Any, dataset: str) -> Any:
    """Version 1: all formulas, with products, a category, and columns of quite different sizes."""
    state = symbolic_network(
        *(3, 4, 1), functions=SMOOTH, levels=(None, None, 3), arities=[(2,)], encoding=Encoding(INPUTS, (Y,)), seed=3
    )
    return publish(state, dataset_id=dataset, split=PARTS.tobytes())


def predicted(api: Any) -> Any:
    rows = [list(row) for row in zip(AGE.tolist(), E.tolist(), SITE, strict=True)]
    return np.array(api.post(f"{BASE}/1/predict", json={"rows": rows}).json()["predictions"])


def symbols(legend: list[dict[str, Any]], row: int) -> dict[str, float]:
    raw: dict[str, Any] = {"age in days": AGE[row], "E": E[row], "site": SITE[row]}
    return {
        item["symbol"]: raw[item["column"]] if item["level"] is None else float(raw[item["column"]] == item["level"])
        for item in legend
    }


def test_the_expression_at_raw_inputs_is_the_prediction_within_the_gap_it_states(api: Any, version: Any) -> None:
    body = api.get(FORMULA).json()
    (found,) = body["formulas"]
    assert (body["model"], body["version"], found["output"], found["units"]) == ("concrete", 1, "strength", "MPa")
    said = predicted(api)[:, 0]
    values = np.array([independent_value(found["text"], symbols(found["legend"], row)) for row in range(ROWS)])
    apart = np.abs(values - said)
    assert found["rows"] == ROWS
    assert found["max_gap"] == pytest.approx(apart.max(), rel=1e-6)
    assert found["rms_gap"] == pytest.approx(np.sqrt(np.mean(apart**2)), rel=1e-6)
    assert found["r2_network"] == pytest.approx(1 - np.mean(apart**2) / said.var(), rel=1e-9)
    test = PARTS == Part.TEST
    target = np.sqrt(AGE)[test]
    assert found["r2_test"] == pytest.approx(1 - np.mean((target - values[test]) ** 2) / target.var(), rel=1e-9)
    exact = [independent_value(found["exact"], symbols(found["legend"], row)) for row in range(ROWS)]
    np.testing.assert_allclose(exact, said, rtol=1e-9)


def test_digits_shorten_the_expression_and_17_leave_it_whole(api: Any, version: Any) -> None:
    short, whole = (api.get(f"{FORMULA}?digits={digits}").json()["formulas"][0] for digits in (4, 17))
    assert len(short["text"]) < len(whole["text"])
    assert whole["text"] == whole["exact"] == short["exact"]
    assert whole["digits"] == 17
    assert whole["max_gap"] < 1e-9


def test_what_the_noise_of_the_data_hides_is_not_printed_and_the_gap_tells_it(api: Any, publish: Any) -> None:
    generator = np.random.default_rng(0)
    x, z, noise = *generator.uniform(-1.0, 1.0, (2, ROWS)), generator.normal(0.0, 0.1, ROWS)
    columns = {"x": x.tolist(), "z": z.tolist(), "y": (x**2 + noise).tolist()}
    dataset = api.post("/v1/datasets?name=noisy", json={"columns": columns}).json()["id"]
    inputs = tuple(NumberInput(name, name, 0.0, 1.0, -1.0, 1.0) for name in ("x", "z"))
    edges = [edge(0, 0, "x^2", a=1.0002, d=0.0004), edge(1, 0, "x", a=-7e-4)]
    encoding = Encoding(inputs, (NumberOutput("y", 0.0, 1.0),))
    publish(network_of_edges(edges, encoding=encoding), dataset_id=dataset, split=PARTS.tobytes())
    (found,) = api.get(FORMULA).json()["formulas"]
    assert found["text"] == "x**2"
    assert "z" in found["exact"]
    assert found["rms_gap"] == pytest.approx(np.sqrt(np.mean((0.0002 * x**2 + 0.0004 - 7e-4 * z) ** 2)), rel=1e-6)


def test_legend_says_what_each_symbol_stands_for(api: Any, version: Any) -> None:
    legend = {item["label"]: item for item in api.get(FORMULA).json()["formulas"][0]["legend"]}
    assert legend["age in days"]["symbol"] == "x1"
    assert (legend["age in days"]["units"], legend["E"]["units"]) == ("d", None)
    assert legend["[site = south]"]["level"] == "south"


@pytest.mark.parametrize(
    ("notation", "media"),
    [("text", "text/plain"), ("latex", "application/x-tex"), ("mathml", "application/mathml+xml"), ("c", "text/x-c")],
)
def test_notation_comes_by_parameter_and_by_accept(api: Any, version: Any, notation: str, media: str) -> None:
    asked = api.get(f"{FORMULA}?format={notation}")
    negotiated = api.get(FORMULA, headers={"Accept": media})
    assert asked.status_code == 200
    assert asked.headers["content-type"].startswith(media)
    assert asked.text == negotiated.text


def test_text_and_mathml_hold_the_expression(api: Any, version: Any) -> None:
    expression = api.get(FORMULA).json()["formulas"][0]["text"]
    assert api.get(f"{FORMULA}?format=text").text == expression + "\n"
    assert ElementTree.fromstring(api.get(f"{FORMULA}?format=mathml").text).tag.endswith("math")


def test_python_source_predicts_in_a_process_of_its_own(api: Any, version: Any) -> None:
    found = api.get(FORMULA).json()["formulas"][0]
    values = symbols(found["legend"], 5)
    source = api.get(f"{FORMULA}?format=python").text
    arguments = ", ".join(f"{name}={value!r}" for name, value in values.items()).replace("np.float64", "float")
    ran = subprocess.run(
        [sys.executable, "-c", f"{source}\nprint(repr(predict({arguments})))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(ran.stdout) == pytest.approx(independent_value(found["text"], values), rel=1e-12)


def test_answers_of_a_number_may_be_kept_for_ever(api: Any, version: Any) -> None:
    first = api.get(FORMULA)
    assert "immutable" in first.headers["cache-control"]
    assert api.get(FORMULA, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert api.get(f"{FORMULA}?digits=5").headers["etag"] != first.headers["etag"]
    latest = api.get(f"{BASE}/latest/formula?digits=5")
    assert latest.headers["content-location"] == f"{FORMULA}?digits=5"
    assert latest.headers["cache-control"] == "no-cache"


def test_without_the_data_set_that_judged_the_formula_is_another_answer(api: Any, publish: Any) -> None:
    x = np.linspace(-1.0, 1.0, ROWS)
    tables = [{"columns": {"x": each.tolist(), "y": (each**2).tolist()}} for each in (x, x[:20])]
    own, judge = (api.post("/v1/datasets?name=a", json=table).json()["id"] for table in tables)
    encoding = Encoding((NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 0.0, 1.0),))
    publish(
        network_of_edges([edge(0, 0, "x^2")], encoding=encoding),
        dataset_id=own,
        split=np.full(ROWS, Part.TRAIN, dtype=np.uint8).tobytes(),
        training={"resolved": {"test_dataset": {"id": judge, "rows": 20}}},
    )
    first = api.get(FORMULA)
    known = {"If-None-Match": first.headers["etag"]}
    assert first.json()["formulas"][0]["r2_test"] == pytest.approx(1.0)
    assert api.get(FORMULA, headers=known).status_code == 304
    assert api.delete(f"/v1/datasets/{judge}?force=true").status_code == 204
    again = api.get(FORMULA, headers=known)
    assert again.status_code == 200
    found = again.json()["formulas"][0]
    assert (found["r2_network"], found["r2_test"]) == (pytest.approx(1.0), None)
    assert found["r2_test_reason"] == "the data set whose rows judged the training was deleted"


def test_without_the_data_set_there_is_no_r2_and_the_answer_says_why(api: Any, version: Any, dataset: str) -> None:
    assert api.delete(f"/v1/datasets/{dataset}?force=true").status_code == 204
    (found,) = api.get(FORMULA).json()["formulas"]
    assert (found["r2_network"], found["r2_test"]) == (None, None)
    assert "drawn from the training ranges" in found["r2_network_reason"]
    assert found["rows"] > 0
    assert found["rms_gap"] <= found["max_gap"]


def test_splines_are_listed_where_there_is_no_formula(api: Any, publish: Any, network_of: Any) -> None:
    inputs = (NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0), NumberInput("z", "z", 0.0, 1.0, -1.0, 1.0))
    publish(network_of(inputs, (NumberOutput("y", 0.0, 1.0),), hidden=15))
    response = api.get(FORMULA)
    body = response.json()
    assert (response.status_code, body["type"]) == (409, "/errors#not-symbolic")
    assert response.headers["content-type"] == "application/problem+json"
    assert len(body["edges"]) == 45
    assert [item["pointer"] for item in body["errors"][:2]] == ["/activations/0/0/0", "/activations/0/0/1"]
    assert body["edges"][0] == {"layer": 0, "source": 0, "target": 0}


def test_classes_have_logits_as_formulas_and_say_so(api: Any, publish: Any) -> None:
    encoding = Encoding(INPUTS[:2], (ClassOutput("kind", ("a", "b", "=c")),))
    publish(symbolic_network(2, 3, functions=("x", "sin"), encoding=encoding))
    found = api.get(FORMULA).json()["formulas"]
    assert [(item["output"], item["kind"]) for item in found] == [("a", "logit"), ("b", "logit"), ("=c", "logit")]
    assert "softmax" in found[0]["note"]
    assert api.get(f"{FORMULA}?format=text").text.count("\n") == 3
    assert api.get(f"{FORMULA}?format=mathml").status_code == 422
    assert "return (\n" in api.get(f"{FORMULA}?format=python").text
    assert "def predict" in api.get(f"{FORMULA}?format=python&output=b").text


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("?digits=0", {}, 422),
        ("?digits=18", {}, 422),
        ("?format=yaml", {}, 422),
        ("?output=nope", {}, 422),
        ("?format=c", {"Accept": "image/gif"}, 406),
        ("", {"Accept": "image/png"}, 406),
    ],
)
def test_what_cannot_be_written_is_a_problem(
    api: Any, version: Any, query: str, headers: dict[str, str], status: int
) -> None:
    response = api.get(FORMULA + query, headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_formula_of_nothing_is_404(api: Any, version: Any) -> None:
    assert api.get(f"{BASE}/2/formula").status_code == 404
    assert api.get("/v1/models/none/versions/1/formula").status_code == 404


def test_a_formula_nobody_could_read_is_409(api: Any, publish: Any) -> None:
    sines = [edge(0, target, "sin", b=1.0 + target) for target in range(1200)]
    into = [edge(source, 0, "exp") for source in range(1200)]
    encoding = Encoding((NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 0.0, 1.0),))
    publish(network_of_edges(sines, into, encoding=encoding))
    response = api.get(FORMULA)
    assert (response.status_code, response.json()["type"]) == (409, "/errors#formula-too-large")
