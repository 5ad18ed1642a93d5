"""The Open Inference Protocol: what its clients ask and read, in JSON and as raw bytes."""

from __future__ import annotations

import gzip
import json
import struct
import threading
import zlib
from typing import Any

import httpx
import numpy as np
import pytest

from kan.encoding import NumberInput, NumberOutput
from kan.state import NetworkState

URL = "/v2/models/pair/infer"
ROWS = [[0.25, -0.5], [0.75, 1.0], [-1.0, 0.0]]
LENGTH = "Inference-Header-Content-Length"


@pytest.fixture
def pair(publish: Any, network_of: Any) -> NetworkState:
    """Two numbers in, two out."""
    inputs = (NumberInput("a", "a", 0.0, 1.0, -1.0, 1.0), NumberInput("b", "b", 0.0, 1.0, -1.0, 1.0))
    state: NetworkState = network_of(inputs, (NumberOutput("u", 1.0, 2.0), NumberOutput("v", 0.0, 1.0)))
    publish(state, "pair")
    return state


def asked(data: Any = None, datatype: str = "FP64", shape: Any = None, **more: Any) -> dict[str, Any]:
    tensor = {"name": "x", "shape": shape or [3, 2], "datatype": datatype, "data": ROWS if data is None else data}
    return {"inputs": [tensor], **more}


def raw(message: dict[str, Any], *parts: bytes) -> dict[str, Any]:
    text = json.dumps(message).encode()
    return {"content": b"".join((text, *parts)), "headers": {LENGTH: str(len(text))}}


def native(api: Any) -> np.ndarray[Any, Any]:
    answer = api.post("/v1/models/pair/versions/1/predict", json={"rows": ROWS})
    return np.array(answer.json()["predictions"])


def output(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    (found,) = response.json()["outputs"]
    return dict(found)


def error(response: httpx.Response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.json().keys() == {"error"}
    return str(response.json()["error"])


@pytest.mark.parametrize("data", [ROWS, [value for row in ROWS for value in row]])
def test_json_gives_what_v1_gives(api: Any, pair: NetworkState, data: Any) -> None:
    response = api.post(URL, json=asked(data, id="seven"))
    found = output(response)
    assert (found["name"], found["datatype"], found["shape"]) == ("y", "FP64", [3, 2])
    assert found["data"] == native(api).ravel().tolist()
    body = response.json()
    assert (body["model_name"], body["model_version"], body["id"]) == ("pair", "1", "seven")
    assert body["parameters"] == {"domain": "warn", "outside_count": 0}


def test_raw_bytes_in_and_out_without_a_content_type(api: Any, pair: NetworkState) -> None:
    values = np.array(ROWS)
    message = asked(parameters={"binary_data_output": True})
    message["inputs"][0] |= {"parameters": {"binary_data_size": values.nbytes}}
    del message["inputs"][0]["data"]
    response = api.post(URL, **raw(message, values.tobytes()))
    assert response.status_code == 200, response.text
    length = int(response.headers[LENGTH])
    head = json.loads(response.content[:length])
    assert head["outputs"][0]["parameters"] == {"binary_data_size": 48}
    assert response.headers["content-type"] == "application/octet-stream"
    found = np.frombuffer(response.content[length:], "<f8").reshape(3, 2)
    assert (found == native(api)).all()


def test_fp32_comes_back_as_fp32(api: Any, pair: NetworkState) -> None:
    found = output(api.post(URL, json=asked(datatype="FP32")))
    assert found["datatype"] == "FP32"
    np.testing.assert_array_equal(np.array(found["data"], np.float32), native(api).astype(np.float32).ravel())


def test_integers_are_numbers(api: Any, pair: NetworkState) -> None:
    found = output(api.post(URL, json=asked([[1, 0]], "INT64", [1, 2])))
    expected = api.post("/v1/models/pair/versions/1/predict", json={"rows": [[1, 0]]}).json()["predictions"][0]
    assert found["data"] == expected


@pytest.mark.parametrize("ends", [("INT8", -128, 127), ("UINT8", 0, 255), ("INT64", -(2**63), 2**63 - 1)])
def test_the_ends_of_an_integer_datatype_are_read_as_they_are(
    api: Any, pair: NetworkState, ends: tuple[str, int, int]
) -> None:
    datatype, *row = ends
    found = output(api.post(URL, json=asked([row], datatype, [1, 2])))
    assert found["data"] == output(api.post(URL, json=asked([row], shape=[1, 2])))["data"]


def test_outputs_are_filtered_and_each_says_how(api: Any, pair: NetworkState) -> None:
    response = api.post(URL, json=asked(outputs=[{"name": "y", "parameters": {"binary_data": True}}]))
    assert LENGTH in response.headers
    assert "expected some of" in error(api.post(URL, json=asked(outputs=[{"name": "z"}])))


def test_packed_bodies_both_ways(api: Any, pair: NetworkState) -> None:
    many = asked(ROWS * 100, shape=[300, 2])
    headers = {"Content-Encoding": "gzip", "Accept-Encoding": "gzip"}
    response = api.post(URL, content=gzip.compress(json.dumps(many).encode()), headers=headers)
    assert response.headers["content-encoding"] == "gzip"
    assert output(response)["data"][:6] == native(api).ravel().tolist()


@pytest.mark.parametrize(("rows", "by_itself"), [(300, True), (3_000, False)])
def test_a_large_answer_is_packed_away_from_the_loop(
    api: Any, pair: NetworkState, monkeypatch: pytest.MonkeyPatch, rows: int, by_itself: bool
) -> None:
    packers: list[int] = []

    def compress(body: bytes, level: int) -> bytes:
        packers.append(threading.get_ident())
        return zlib.compress(body, level, wbits=31)

    monkeypatch.setattr(gzip, "compress", compress)
    message = asked([0.5] * rows * 2, shape=[rows, 2])
    response = api.post(URL, json=message, headers={"Accept-Encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert output(response)["shape"] == [rows, 2]
    assert [packer == threading.get_ident() for packer in packers] == [by_itself]


def test_a_numbered_version_and_an_unknown_one(api: Any, pair: NetworkState) -> None:
    assert output(api.post("/v2/models/pair/versions/1/infer", json=asked()))["shape"] == [3, 2]
    assert "no such version" in error(api.post("/v2/models/pair/versions/7/infer", json=asked()), 404)
    assert "no model" in error(api.post("/v2/models/none/infer", json=asked()), 404)
    error(api.get("/v2/nothing"), 404)


def test_classes_come_as_probabilities_and_texts(api: Any, publish: Any, classification: NetworkState) -> None:
    publish(classification, "kinds")
    message = asked([[0.5, 0.5]], shape=[1, 2], parameters={"binary_data_output": True})
    response = api.post("/v2/models/kinds/infer", json=message)
    length = int(response.headers[LENGTH])
    shares, label = response.content[length : length + 24], response.content[length + 24 :]
    expected = api.post("/v1/models/kinds/versions/1/predict", json={"rows": [[0.5, 0.5]]}).json()
    assert np.frombuffer(shares, "<f8").tolist() == expected["probabilities"][0]
    word = expected["predictions"][0][0].encode()
    assert label == struct.pack("<I", len(word)) + word


def test_a_model_with_categories_has_a_tensor_for_each_column(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    metadata = api.get("/v2/models/concrete").json()
    assert [item["name"] for item in metadata["inputs"]] == ["cement", "age", "site", "water"]
    assert [item["datatype"] for item in metadata["inputs"]] == ["FP64", "FP64", "BYTES", "FP64"]
    row: list[Any] = [300.0, 28.0, "north", 180.5]
    kinds = ["FP64", "FP64", "BYTES", "FP64"]
    inputs = [
        {"name": item["name"], "shape": [1], "datatype": kind, "data": [value]}
        for item, kind, value in zip(metadata["inputs"], kinds, row, strict=True)
    ]
    found = output(api.post("/v2/models/concrete/infer", json={"inputs": inputs[::-1]}))
    expected = api.post("/v1/models/concrete/versions/1/predict", json={"rows": [row]}).json()["predictions"]
    assert found["data"] == expected[0]
    inputs[2]["data"] = [""]
    empty = output(api.post("/v2/models/concrete/infer", json={"inputs": inputs}))
    missing = api.post("/v1/models/concrete/versions/1/predict", json={"rows": [[300.0, 28.0, None, 180.5]]})
    assert empty["data"] == missing.json()["predictions"][0]


BAD: list[tuple[dict[str, Any], str]] = [
    (asked(["1", 2, 3, 4, 5, 6]), "finite numbers"),
    (asked([[1, 2], [3], [4, 5]]), "expected 6 values"),
    (asked([1, 2]), "expected 6 values"),
    (asked([1, 2, 3], shape=[3]), "expected the shape"),
    (asked(shape=[3, -2]), "none below zero"),
    (asked(datatype="BF16"), "expected one of FP64"),
    (asked(["a", "b"], "BYTES", [1, 2]), "datatype FP64"),
    (asked([1e300] * 6, "FP32"), "does not fit FP32"),
    (asked([300, 0], "INT8", [1, 2]), "a number does not fit INT8"),
    (asked([-1, 0], "UINT8", [1, 2]), "a number does not fit UINT8"),
    (asked([1.7, 0], "INT32", [1, 2]), "a number does not fit INT32"),
    (asked([1e19, 0], "INT64", [1, 2]), "a number does not fit INT64"),
    (asked([], shape=[0, 2**63 - 1]), "whose product is at most"),
    (asked([], shape=[0, *[2**31] * 7]), "whose product is at most"),
    (asked([], shape=[1, 10**30]), "whose product is at most"),
    (asked(parameters={"domain": "ignore"}), "expected one of warn"),
    (asked(parameters={"sequence_id": 4}), "sequence_id"),
    ({"inputs": [{**asked()["inputs"][0], "name": "input"}]}, "expected the input tensors 1 (x)"),
    ({"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64"}]}, "expected data"),
    ({"inputs": []}, "expected the input tensors"),
    ({}, "not an inference request"),
]


@pytest.mark.parametrize(("message", "words"), BAD)
def test_bad_requests_say_what_was_expected(api: Any, pair: NetworkState, message: dict[str, Any], words: str) -> None:
    assert words in error(api.post(URL, json=message))


def test_raw_bytes_must_add_up(api: Any, pair: NetworkState) -> None:
    def with_size(size: Any) -> dict[str, Any]:
        return {
            "inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64", "parameters": {"binary_data_size": size}}]
        }

    for size in (8, 24, -1, True, "16"):
        error(api.post(URL, **raw(with_size(size), bytes(16))))
    assert "more raw bytes" in error(api.post(URL, **raw(with_size(16), bytes(17))))
    nan = np.array([np.nan, 0.0]).tobytes()
    assert "missing" in error(api.post(URL, **raw(with_size(16), nan)))
    for length in ("x", "-1", "9" * 30, "5000"):
        error(api.post(URL, content=b"{}", headers={LENGTH: length}))
    error(api.post(URL, content=b'{"inputs": [NaN]}'))
    error(api.post(URL, content=b"[" * 100_000))


@pytest.mark.parametrize("text", [b"\xff", rb"\ud800", rb"\x"])
def test_a_text_that_is_none_is_no_json(api: Any, pair: NetworkState, text: bytes) -> None:
    head = b'{"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": ["'
    assert "not JSON" in error(api.post(URL, content=head + text + b'"]}]}'))


def test_values_outside_the_training_range_are_counted_or_refused(api: Any, pair: NetworkState) -> None:
    far = asked([[0.0, 9.0]], shape=[1, 2])
    assert api.post(URL, json=far).json()["parameters"]["outside_count"] == 1
    assert "expected -1 to 1" in error(api.post(URL, json={**far, "parameters": {"domain": "reject"}}))


def test_no_rows_are_no_predictions(api: Any, pair: NetworkState) -> None:
    found = output(api.post(URL, json=asked([], shape=[0, 2])))
    assert (found["shape"], found["data"]) == ([0, 2], [])


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_server_metadata(api: Any, path: str) -> None:
    body = api.get(path).json()
    assert body["name"] == "kan-service"
    assert "binary_tensor_data" in body["extensions"]


def test_health_and_readiness(api: Any, pair: NetworkState) -> None:
    for path in ("/v2/health/live", "/v2/health/ready"):
        assert api.get(path).json() == {"live": True, "ready": True}
    for path in ("/v2/models/pair/ready", "/v2/models/pair/versions/1/ready"):
        assert api.get(path).json() == {"name": "pair", "ready": True}
    error(api.get("/v2/models/none/ready"), 404)


def test_metadata_and_configuration(api: Any, pair: NetworkState) -> None:
    body = api.get("/v2/models/pair").json()
    assert (body["name"], body["versions"], body["platform"]) == ("pair", ["1"], "kan")
    assert body["inputs"] == [{"name": "x", "datatype": "FP64", "shape": [-1, 2]}]
    assert body["outputs"] == [{"name": "y", "datatype": "FP64", "shape": [-1, 2]}]
    assert body["parameters"] == {"inputs": ["a", "b"], "outputs": ["u", "v"]}
    config = api.get("/v2/models/pair/config").json()
    assert config["input"] == [{"name": "x", "data_type": "TYPE_FP64", "dims": [-1, 2]}]
    assert config["max_batch_size"] == 0


def test_statistics_tell_rows_from_forwards(api: Any, pair: NetworkState) -> None:
    for _ in range(2):
        output(api.post(URL, json=asked()))
    error(api.post(URL, json={}))
    (found,) = api.get("/v2/models/pair/stats").json()["model_stats"]
    assert (found["inference_count"], found["execution_count"]) == (6, 2)
    stats = found["inference_stats"]
    assert (stats["success"]["count"], stats["fail"]["count"]) == (2, 1)
    parts = ("queue", "compute_input", "compute_infer", "compute_output")
    assert sum(stats[part]["ns"] for part in parts) == stats["success"]["ns"]
    assert [item["batch_size"] for item in found["batch_stats"]] == [3]
    assert api.get("/v2/models/stats").json()["model_stats"] == [found]


def test_repository_lists_loads_and_unloads(api: Any, app: Any, pair: NetworkState) -> None:
    listed = [{"name": "pair", "version": "1", "state": "READY", "reason": ""}]
    assert api.post("/v2/repository/index").json() == listed
    assert api.post("/v2/repository/index", json={"ready": True}).json() == listed
    assert api.post("/v2/repository/models/pair/load").status_code == 200
    assert app.state.models.bytes > 0
    assert api.post("/v2/repository/models/pair/unload").status_code == 200
    assert app.state.models.bytes == 0
    output(api.post(URL, json=asked()))
    error(api.post("/v2/repository/models/none/load"), 404)


def test_too_many_rows_are_refused_before_they_are_read(api_of: Any, settings: Any, publish: Any, pair: Any) -> None:
    small = api_of(settings.model_copy(update={"max_prediction_rows": 2, "max_prediction_bytes": 2_000}))
    assert "2 rows" in error(small.post(URL, json=asked()), 413)
    error(small.post(URL, content=b" " * 3_000), 413)
