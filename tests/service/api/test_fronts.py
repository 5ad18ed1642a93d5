"""Formulas of growing size over HTTP: from a constant up, judged by rows that were held out."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
import pytest

from kan.formulas.compiling import compiled
from kan.split import Part
from kan.symbolic.complexity import parts
from kan.symbolic.grammar import Constant, parse
from tests.kan.symbolic.trees import independent_value

BASE = "/v1/models/concrete/versions/1"
X = np.random.default_rng(0).uniform(-1, 1, (120, 2))
PARTS = np.array([Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.TEST] * 30, dtype=np.uint8)


@pytest.fixture
def version(api: Any, publish: Any) -> Any:
    """The version says 2*sin(3*a) + 0.5*b + 0.001*a*b; the data has no trace of the last term, but some noise."""
    noise = 0.05 * np.random.default_rng(1).normal(size=120)
    y = 2 * np.sin(3 * X[:, 0]) + 0.5 * X[:, 1] + noise
    columns = {"a": X[:, 0].tolist(), "b": X[:, 1].tolist(), "y": y.tolist()}
    dataset = api.post("/v1/datasets?name=a", json={"columns": columns, "units": {"y": "MPa"}}).json()["id"]
    state = compiled(parse("2*sin(3*a) + 0.5*b + 0.001*a*b"), {"a": (-1.0, 1.0), "b": (-1.0, 1.0)})
    publish(state, dataset_id=dataset, split=PARTS.tobytes())
    return y


def test_a_front_grows_from_a_constant_with_less_error_at_each_step(api: Any, version: Any) -> None:
    (front,) = api.get(f"{BASE}/pareto").json()["outputs"]
    points = front["formulas"]
    assert (front["output"], front["units"], front["against"], front["drawn"]) == ("y", "MPa", "target", None)
    assert (front["fitted_rows"], front["held_out_rows"]) == (60, 30)
    sizes, errors = [item["complexity"] for item in points], [item["rmse"] for item in points]
    assert sizes == sorted(set(sizes))
    assert errors == sorted(errors, reverse=True)
    assert sizes[0] == 1
    assert float(points[0]["text"]) == pytest.approx(version[PARTS == Part.TRAIN].mean(), rel=1e-3)


def test_error_is_that_of_the_text_on_the_held_out_rows(api: Any, version: Any) -> None:
    points = api.get(f"{BASE}/pareto").json()["outputs"][0]["formulas"]
    for point in points:
        said = np.array([independent_value(point["text"], {"a": a, "b": b}) for a, b in X])
        for part, error in ((Part.VALIDATION, point["rmse"]),):
            rows = part == PARTS
            assert error == pytest.approx(np.sqrt(np.mean((said - version)[rows] ** 2)), rel=1e-9)
        test = PARTS == Part.TEST
        r2 = 1 - np.mean((said - version)[test] ** 2) / version[test].var()
        assert point["r2_test"] == pytest.approx(r2, rel=1e-9, abs=1e-12)


def test_the_chosen_one_has_what_the_data_tell_and_no_more(api: Any, version: Any) -> None:
    points = api.get(f"{BASE}/pareto").json()["outputs"][0]["formulas"]
    (chosen,) = [item for item in points if item["chosen"]]
    assert "sin" in chosen["text"]
    assert "b" in chosen["text"]
    assert "a*b" not in chosen["text"]
    assert chosen["r2_test"] > 0.99


def test_without_a_data_set_errors_are_from_the_network(api: Any) -> None:
    api.post("/v1/models", json={"name": "toy", "expression": "exp(x)*z", "ranges": {"x": [0, 1], "z": [1, 2]}})
    (front,) = api.get("/v1/models/toy/versions/1/pareto").json()["outputs"]
    assert (front["against"], front["formulas"][-1]["text"]) == ("network", "exp(x)*z")
    assert "no data set" in front["drawn"]
    assert front["formulas"][-1]["chosen"]
    assert front["formulas"][0]["r2_test"] is None


def test_without_the_data_set_that_judged_the_front_is_another_answer(api: Any, publish: Any) -> None:
    tables = [{"columns": {"a": x.tolist(), "y": (x**2).tolist()}} for x in (X[:, 0], X[:20, 1])]
    own, judge = (api.post("/v1/datasets?name=a", json=table).json()["id"] for table in tables)
    training = {"resolved": {"test_dataset": {"id": judge, "rows": 20}}}
    parts = np.where(PARTS == Part.TEST, Part.TRAIN, PARTS).astype(np.uint8)
    publish(compiled(parse("a**2"), {"a": (-1.0, 1.0)}), dataset_id=own, split=parts.tobytes(), training=training)
    first = api.get(f"{BASE}/pareto")
    assert first.json()["outputs"][0]["formulas"][-1]["r2_test"] == pytest.approx(1.0)
    assert api.delete(f"/v1/datasets/{judge}?force=true").status_code == 204
    again = api.get(f"{BASE}/pareto", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    point = again.json()["outputs"][0]["formulas"][-1]
    assert (point["r2"], point["r2_test"]) == (pytest.approx(1.0), None)
    assert point["r2_test_reason"] == "the data set whose rows judged the training was deleted"


def test_a_front_may_be_kept_and_splines_have_none(api: Any, version: Any, publish: Any, regression: Any) -> None:
    first = api.get(f"{BASE}/pareto")
    assert "immutable" in first.headers["cache-control"]
    assert api.get(f"{BASE}/pareto", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    publish(regression, "splines")
    response = api.get("/v1/models/splines/versions/1/pareto")
    assert (response.status_code, response.json()["type"]) == (409, "/errors#not-symbolic")
    assert response.json()["edges"]
    assert api.get("/v1/models/none/versions/1/pareto").status_code == 404


# The edit sums such numbers over the rows, and says where it cannot.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("has_data", [True, False])
@pytest.mark.parametrize("d", [1e308, -1e300, 1.7976931348623157e308])
def test_numbers_that_cannot_be_written_are_in_no_formula(
    api: Any, version: Any, publish: Any, d: float, has_data: bool
) -> None:
    (dataset,) = api.get("/v1/datasets").json()["data"]
    data = {"dataset_id": dataset["id"], "split": PARTS.tobytes()} if has_data else {}
    publish(compiled(parse("2*sin(3*a) + 0.5*b"), {"a": (-1.0, 1.0), "b": (-1.0, 1.0)}), "plain", **data)
    edge = {"op": "fix_symbolic", "layer": 0, "source": 0, "target": 0, "function": "x", "a": 1.0, "b": 1.0, "c": 0.0}
    edits = api.post("/v1/models/plain/versions/1/edits", json={"operations": [edge | {"d": d}]})
    assert edits.status_code == 201, edits.text
    (front,) = api.get("/v1/models/plain/versions/2/pareto").json()["outputs"]
    assert all(isfinite(constant) for item in front["formulas"] for constant in constants(item["text"]))
    assert api.get("/v1/models/plain/versions/2/formula").status_code == 200


def constants(text: str) -> list[float]:
    return [part.value for part in parts(parse(text).root) if isinstance(part, Constant)]
