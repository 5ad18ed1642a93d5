"""A model's file becomes a version that answers in the same bytes; hostile files are refused and leave nothing."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from kan.checkpoint import METADATA_KEY, digest, dump
from kan.encoding import NumberInput, NumberOutput
from kan.state import NetworkState
from service.settings import Settings

URL = "/v1/models?name=copy"
BYTES = {"Content-Type": "application/octet-stream"}
PLACES = ("", "/formula", "/pareto", "/activations", "/export?format=json", "/plot.svg")
ROWS: dict[str, Any] = {"rows": [[300.0, 28, "north", 180.5], [50.0, 900, "east", None]]}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The kind of database does not matter here."""
    return sqlite_url


@pytest.fixture
def file(network_of: Any) -> bytes:
    inputs = (NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),)
    return dump(network_of(inputs, (NumberOutput("y", 2.0, 1.5),)))


def answer(api: Any, name: str) -> Any:
    return api.post(f"/v1/models/{name}/versions/1/predict", json=ROWS).json()["predictions"]


def test_an_exported_model_comes_back_with_the_same_answers(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    exported = api.get("/v1/models/concrete/versions/1/export?format=safetensors").content
    made = api.post(URL, content=exported, headers=BYTES)
    assert (made.status_code, made.headers["location"]) == (201, "/v1/models/copy/versions/1")
    body = made.json()
    assert (body["status"], body["training"]["imported"]["bytes"]) == ("published", len(exported))
    assert [item["name"] for item in body["signature"]["inputs"]] == ["cement", "age", "site", "water"]
    assert answer(api, "copy") == answer(api, "concrete")
    assert api.get("/v1/models/copy/versions/1/export?format=safetensors").content == exported


@pytest.mark.parametrize("media", ["application/vnd.safetensors", "application/x-safetensors"])
def test_every_documented_type_of_file_is_taken(api: Any, file: bytes, media: str) -> None:
    assert media in api.app.openapi()["paths"]["/v1/models"]["post"]["requestBody"]["content"]
    assert api.post(URL, content=file, headers={"Content-Type": media}).status_code == 201


def test_a_form_with_a_file_names_the_model(api: Any, file: bytes) -> None:
    made = api.post("/v1/models", files={"file": ("My Net.safetensors", file)})
    assert made.headers["location"] == "/v1/models/my-net/versions/1"
    named = api.post("/v1/models", files={"file": ("x", file)}, data={"name": "other"})
    assert named.headers["location"] == "/v1/models/other/versions/1"


def test_a_repeat_with_the_same_key_makes_one_version(api: Any, file: bytes) -> None:
    keyed = {**BYTES, "Idempotency-Key": "one"}
    first, second = (api.post(URL, content=file, headers=keyed) for _ in range(2))
    assert (second.headers["idempotency-replayed"], second.json()) == ("true", first.json())
    assert api.post(URL, content=file[:-1], headers=keyed).status_code == 422


def forged(change: Callable[[dict[str, Any], dict[str, Any]], None], file: bytes) -> bytes:
    """Gives the file with other content and the hash that belongs to it."""
    length = int.from_bytes(file[:8], "little")
    header = json.loads(json.loads(file[8 : 8 + length])["__metadata__"][METADATA_KEY])
    header.pop("sha256")
    arrays = dict(load_arrays(file))
    change(header, arrays)
    signed = {**header, "sha256": digest(header, arrays)}
    return bytes(save_arrays(arrays, metadata={METADATA_KEY: json.dumps(signed)}))


def not_a_number(_: dict[str, Any], arrays: dict[str, Any]) -> None:
    arrays["layers.0.coefficients"] = np.full_like(arrays["layers.0.coefficients"], np.nan)


def other_shape(_: dict[str, Any], arrays: dict[str, Any]) -> None:
    arrays["layers.0.mask"] = np.ones((7, 3))


def more_arrays(_: dict[str, Any], arrays: dict[str, Any]) -> None:
    arrays["layers.9.mask"] = np.ones((7, 3))


def no_columns(header: dict[str, Any], _: dict[str, Any]) -> None:
    header["encoding"] = None


def control_characters(header: dict[str, Any], _: dict[str, Any]) -> None:
    header["encoding"]["inputs"][0]["column"] = "x\r\nSet-Cookie: a=b"


def same_name(header: dict[str, Any], _: dict[str, Any]) -> None:
    header["encoding"]["outputs"][0]["name"] = "x"


def half_a_character(header: dict[str, Any], _: dict[str, Any]) -> None:
    header["encoding"]["dropped"] = [["\ud800", "x"]]


def numbers_of_the_range(**numbers: float) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda header, _: header["encoding"]["inputs"][0].update(numbers)


def numbers_of_the_target(**numbers: float) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda header, _: header["encoding"]["outputs"][0].update(numbers)


def later_version(header: dict[str, Any], _: dict[str, Any]) -> None:
    header["version"] = 99


def code_as_function(header: dict[str, Any], _: dict[str, Any]) -> None:
    edge = {"source": 0, "target": 0, "function": "__import__('os').getpid()", "a": 1.0, "b": 1.0, "c": 0.0, "d": 0.0}
    header["layers"][0]["formulas"] = [edge]


CHANGES = (
    not_a_number,
    other_shape,
    more_arrays,
    no_columns,
    control_characters,
    same_name,
    later_version,
    code_as_function,
    half_a_character,
    numbers_of_the_range(low=-1.7e308, high=1.7e308),
    numbers_of_the_range(low=-1e152),
    numbers_of_the_range(shift=1e200),
    numbers_of_the_range(fill=-1e200),
    numbers_of_the_range(ceiling=1e200),
    numbers_of_the_range(scale=1e-300, high=1e10),
    numbers_of_the_range(scale=1e-300, fill=1e10),
    numbers_of_the_range(scale=1e-300, shift=1.0, low=1.0, high=1.0),
    numbers_of_the_target(mean=1.7e308),
)


def test_a_file_with_something_wrong_in_it_is_refused(api: Any, file: bytes) -> None:
    for change in CHANGES:
        refused(api.post(URL, content=forged(change, file), headers=BYTES))
    assert api.get("/v1/models").json()["data"] == []


def test_a_count_beyond_all_tables_is_refused(api: Any, regression: NetworkState) -> None:
    def change(header: dict[str, Any], _: dict[str, Any]) -> None:
        header["encoding"]["inputs"][2]["counts"][0] = 10**30

    refused(api.post(URL, content=forged(change, dump(regression)), headers=BYTES))


@pytest.mark.parametrize(
    "numbers",
    [
        # What is learnt of -1e150 and 1e150, the largest numbers that a table may have.
        {"shift": 0.0, "scale": 1e150, "low": -1e150, "high": 1e150, "floor": -1.25e150, "ceiling": 1.25e150},
        # One row far off: the ceiling is where numbers end.
        {"shift": 0.5, "scale": 0.5, "low": 0.0, "high": 1e150, "floor": -0.125, "ceiling": 10.5},
        {"scale": 1e-60, "low": 0.0, "high": 1e9, "fill": 3.0},
        {"shift": 0.0, "scale": 1e-300, "low": -1e-300, "high": 1e-300},
        # So small that 1 / scale is no number.
        {"shift": 0.0, "scale": 1e-310, "low": -1e-310, "high": 1e-310},
    ],
)
@pytest.mark.parametrize("function", [None, "x^2"])
def test_a_range_as_wide_as_any_table_is_read_in_every_way(
    api: Any, network_of: Any, numbers: dict[str, float], function: str | None
) -> None:
    def change(header: dict[str, Any], arrays: dict[str, Any]) -> None:
        header["encoding"]["inputs"][0].update(numbers)
        constants = {"function": function, "a": 1.0, "b": 1.0, "c": 1.0, "d": 0.0}
        edges = [{"source": source, "target": 0, **constants} for source in (0, 1)]
        if function:
            header["layers"][0]["formulas"] = edges
            arrays["layers.0.mask"] = np.zeros_like(arrays["layers.0.mask"])

    inputs = tuple(NumberInput(name, name, 0.0, 1.0, -1.0, 1.0) for name in ("x", "z"))
    content = forged(change, dump(network_of(inputs, (NumberOutput("y", 2.0, 1.5),))))
    made = api.post(URL, content=content, headers=BYTES)
    assert made.status_code == 201, made.text
    address = made.headers["location"]
    asked = {"test": "separability", "inputs": ["x"], "kind": "additive"}
    answers = [api.post(f"{address}/hypotheses", json=asked)]
    answers += [api.get(address + place) for place in PLACES]
    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []


def refused(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 422, response.text
    assert response.json()["type"] == "/errors#invalid-model-file"
    return dict(response.json())


def test_what_is_no_model_at_all_is_refused(api: Any, file: bytes) -> None:
    for content in (b"", b"\x80\x04K\x01.", file[:-8], file + b"x", b"\x00" * 64, b"PK\x03\x04" + b"\x00" * 60):
        refused(api.post(URL, content=content, headers=BYTES))


def test_a_huge_or_deep_header_is_refused_before_it_takes_memory(api: Any) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    deep = b'{"a":' * 600_000
    for header in (b"[" + b"0," * 20_000_000, deep):
        refused(api.post(URL, content=len(header).to_bytes(8, "little") + header, headers=BYTES))
    refused(api.post(URL, content=(2**63).to_bytes(8, "little"), headers=BYTES))
    # The bodies themselves are 43 MB, and the test holds them too.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 250_000


def test_a_network_over_the_limits_is_refused(api_of: Any, settings: Settings, file: bytes) -> None:
    api = api_of(settings.model_copy(update={"max_parameters": 3}))
    assert "the limit is 3" in refused(api.post(URL, content=file, headers=BYTES))["detail"]


def test_a_name_and_a_file_are_needed(api: Any, file: bytes) -> None:
    assert api.post("/v1/models", content=file, headers=BYTES).json()["errors"][0]["pointer"] == "?name"
    refused(api.post("/v1/models?name=..%2Fetc", content=file, headers=BYTES))
    refused(api.post("/v1/models", data={"name": "a"}, files={"other": ("x", file)}))
    response = api.post(URL, content=file, headers={"Content-Type": "application/zip"})
    assert response.status_code == 415
    assert "application/octet-stream" in response.json()["detail"]


def test_a_category_of_a_number_column_is_refused(api: Any, regression: NetworkState) -> None:
    assert regression.encoding is not None
    inputs = list(regression.encoding.inputs)
    inputs[2] = replace(inputs[2], column="cement")
    mixed = replace(regression, encoding=replace(regression.encoding, inputs=tuple(inputs)))
    refused(api.post(URL, content=dump(mixed), headers=BYTES))


def test_a_form_in_no_character_set_is_malformed(api: Any, file: bytes) -> None:
    content = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + file + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x; charset=undefined"}
    response = api.post(URL, content=content, headers=headers)
    assert (response.status_code, response.json()["type"]) == (400, "/errors#malformed-body")
