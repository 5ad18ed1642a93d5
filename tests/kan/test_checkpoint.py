"""Checkpoints: the same network back, the same bytes every time, and nothing but CheckpointError for anything else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from kan import checkpoint
from kan.checkpoint import METADATA_KEY, digest, dump, load
from kan.config_constraints import Constraint
from kan.constraints import constrained, kept_constraints
from kan.encoding import Encoding, LevelsInput, MissingInput, NumberInput, NumberOutput
from kan.errors import CheckpointError
from kan.predictor import evaluate
from kan.state import EdgeShape, NetworkState
from tests.kan.kernels.cpu.definition import slow_outputs, with_formulas, with_products
from tests.kan.networks import random_network, with_statistics

DATA = Path(__file__).parents[1] / "data"

ENCODING = Encoding(
    (
        NumberInput("a", "a", shift=0.1, scale=2.0, low=-1.9, high=2.1, fill=0.3),
        MissingInput("a (missing)", "a"),
        LevelsInput("c", "c", ("x", "y", "ü<"), (1, 2, 3)),
    ),
    (NumberOutput("y", 1.5, 0.1),),
    (("id", "a value of its own in every training row"),),
)


def network() -> NetworkState:
    return with_statistics(random_network(3, 2, 1, levels=(None, 2, 3), encoding=ENCODING))


GOOD = dump(network())


def repacked(header: dict[str, Any] | None = None, arrays: dict[str, Any] | None = None) -> bytes:
    """Gives a checkpoint with some header fields or arrays changed (None = taken out) and its SHA-256 made right."""
    kept = {name: value for name, value in {**load_arrays(GOOD), **(arrays or {})}.items() if value is not None}
    text = json.loads(_outer(GOOD)["__metadata__"][METADATA_KEY])
    text = {**{name: value for name, value in text.items() if name != "sha256"}, **(header or {})}
    return bytes(
        save_arrays(kept, metadata={METADATA_KEY: json.dumps({"sha256": digest(text, kept), **text, **(header or {})})})
    )


def _outer(data: bytes) -> Any:
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])


def test_network_comes_back_with_everything() -> None:
    before, after = network(), load(GOOD)
    assert (after.base, after.outside, after.encoding, after.origin) == ("silu", "linear", ENCODING, {"seed": 0})
    x = np.random.default_rng(0).uniform(-2, 2, (50, 3))
    assert np.array_equal(evaluate(after, x), evaluate(before, x))
    for one, other in zip(before.layers, after.layers, strict=True):
        assert one.statistics is not None
        assert other.statistics is not None
        assert np.array_equal(one.statistics.density, other.statistics.density)
        assert np.array_equal(one.statistics.edge_std, other.statistics.edge_std)
    assert dump(after) == GOOD


def test_equal_networks_give_equal_bytes() -> None:
    assert all(dump(network()) == GOOD for _ in range(5))


def test_arrays_in_another_memory_order_give_the_same_bytes() -> None:
    state = network()
    turned = tuple(replace(layer, coefficients=np.asfortranarray(layer.coefficients)) for layer in state.layers)
    assert dump(replace(state, layers=turned)) == GOOD


def test_file_comes_back(tmp_path: Path) -> None:
    checkpoint.save(network(), tmp_path / "net.safetensors")
    assert dump(checkpoint.read(tmp_path / "net.safetensors")) == GOOD


def test_golden_file_of_version_1_predicts_as_it_did() -> None:
    state = checkpoint.read(DATA / "checkpoint_v1.safetensors")
    expected = json.loads((DATA / "checkpoint_v1.json").read_text())
    found = evaluate(state, np.array(expected["x"]))
    np.testing.assert_allclose(found, expected["outputs"], rtol=0, atol=1e-12)
    assert state.encoding == ENCODING


def test_golden_file_of_version_2_gives_what_it_gave() -> None:
    state = checkpoint.read(DATA / "checkpoint_v2.safetensors")
    expected = json.loads((DATA / "checkpoint_v2.json").read_text())
    found = slow_outputs(state, np.array(expected["x"]))
    np.testing.assert_allclose(found, expected["outputs"], rtol=0, atol=1e-12)


def test_golden_file_of_version_3_keeps_its_shapes() -> None:
    state = checkpoint.read(DATA / "checkpoint_v3.safetensors")
    expected = json.loads((DATA / "checkpoint_v3.json").read_text())
    np.testing.assert_allclose(evaluate(state, np.array(expected["x"])), expected["outputs"], rtol=0, atol=1e-12)
    assert kept_constraints(state) == (Constraint(0, 1, 0, "decreasing"), Constraint(1, 0, 0, "convex"))


def test_shapes_come_back_in_a_version_that_other_networks_do_without() -> None:
    state = constrained(network(), 0, 0, 1, "concave")
    after = load(dump(state))
    assert [layer.shapes for layer in after.layers] == [(EdgeShape(0, 1, "concave"),), ()]
    assert dump(after) == dump(state)
    versions = [json.loads(_outer(data)["__metadata__"][METADATA_KEY])["version"] for data in (GOOD, dump(state))]
    assert versions == [2, 3]


def test_shape_that_an_edge_does_not_have_is_refused() -> None:
    header = json.loads(_outer(GOOD)["__metadata__"][METADATA_KEY])
    layers = [{**header["layers"][0], "shapes": [{"source": 0, "target": 0, "kind": "convex"}]}, header["layers"][1]]
    with pytest.raises(CheckpointError, match="not convex"):
        load(repacked({"layers": layers, "version": 3}))


def test_products_and_formulas_come_back() -> None:
    before = with_formulas(with_products())
    after = load(dump(before))
    assert [layer.products for layer in after.layers] == [(2, 3), ()]
    assert [layer.formulas for layer in after.layers] == [layer.formulas for layer in before.layers]
    x = np.random.default_rng(0).uniform(-2, 2, (50, 3))
    assert np.array_equal(slow_outputs(after, x), slow_outputs(before, x))


def test_network_with_a_number_that_is_not_finite_is_not_written() -> None:
    state = network()
    broken = replace(state.layers[0], base_weight=np.full((3, 2), np.nan))
    with pytest.raises(CheckpointError, match=r"layers\.0\.base_weight"):
        dump(replace(state, layers=(broken, state.layers[1])))


def test_formula_with_a_number_that_is_not_finite_is_not_written() -> None:
    state = with_formulas(random_network(2, 1))
    broken = replace(state.layers[0], formulas=(replace(state.layers[0].formulas[0], b=np.inf),))
    with pytest.raises(CheckpointError, match="formulas"):
        dump(replace(state, layers=(broken,)))


def test_origin_that_is_not_json_is_not_written() -> None:
    with pytest.raises(CheckpointError, match="JSON"):
        dump(replace(network(), origin={"seed": object()}))


@pytest.mark.parametrize("length", [0, 1, 8, 9, 100, 500, len(GOOD) // 2, len(GOOD) - 1])
def test_truncated_file_is_refused(length: int) -> None:
    with pytest.raises(CheckpointError):
        load(GOOD[:length])


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04 a zip", b"\xff" * 64, b"\x80\x04\x95 a pickle", (2).to_bytes(8, "little") + b"{}", b"[" * 5000],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CheckpointError):
        load(data)


def test_deeply_nested_header_is_refused() -> None:
    header = b"[" * 200_000
    with pytest.raises(CheckpointError):
        load(len(header).to_bytes(8, "little") + header)


@pytest.mark.parametrize(
    "header",
    [
        {"format": "other"},
        {"version": 4},
        {"version": True},
        {"version": [1]},
        {"version": None},
        {"sha256": "0" * 64},
        {"layers": []},
        {"layers": [3]},
        {"layers": [3, 3, 3]},
        {"layers": [3, 2]},
        {"layers": [3, 0]},
        {"layers": [3, True]},
        {"layers": ["3", 3]},
        {"layers": 3},
        {"base": "relu"},
        {"base": ["silu"]},
        {"outside": None},
        {"origin": []},
        {"encoding": {}},
        {"encoding": [1]},
    ],
)
def test_header_that_does_not_fit_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError):
        load(repacked(header))


@pytest.mark.parametrize(
    "arrays",
    [
        {"layers.0.knots": None},
        {"layers.0.knots": np.zeros((3, 12))},
        {"layers.0.knots": np.zeros((3, 4))},
        {"layers.0.knots": np.zeros(12)},
        {"layers.0.knots": np.empty((0, 12))},
        {"layers.0.knots": np.cumsum(np.ones((3, 12)), axis=1).astype(np.float32)},
        {"layers.0.coefficients": np.full((3, 8, 2), np.nan)},
        {"layers.0.coefficients": np.full((3, 8, 2), np.inf)},
        {"layers.0.coefficients": np.zeros((3, 9, 2))},
        {"layers.0.mask": np.zeros((2, 3))},
        {"layers.1.mask": np.ones((3, 1))},
        {"layers.0.levels.1": None},
        {"layers.0.levels.1": np.zeros((9, 2))},
        {"layers.0.levels.1": np.zeros((3, 5))},
        {"layers.0.levels.0": np.zeros((3, 2))},
        {"layers.0.levels.7": np.zeros((3, 2))},
        {"layers.0.levels.x": np.zeros((3, 2))},
        {"layers.0.levels.²": np.zeros((3, 2))},
        {"layers.1.levels.0": np.zeros((3, 1))},
        {"layers.0.statistics.low": None},
        {"layers.0.statistics.density": np.zeros((3, 24))},
        {"layers.0.statistics.other": np.zeros(3)},
        {"extra": np.zeros(3)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError):
        load(repacked(arrays=arrays))


@pytest.mark.parametrize("text", ['{"origin": {"a": 1e999}}', '{"origin": NaN}', "[1]", '"text"', "{", '{"a":' * 900])
def test_metadata_that_is_no_plain_json_object_is_refused(text: str) -> None:
    whole = text.replace("{", f'{{"format": "{checkpoint.FORMAT}", "version": {checkpoint.VERSION}, ', 1)
    for written in (text, whole):
        with pytest.raises(CheckpointError):
            load(bytes(save_arrays({"a": np.zeros(1)}, metadata={METADATA_KEY: written})))


def test_repacked_without_a_change_is_accepted() -> None:
    assert dump(load(repacked())) == GOOD


@settings(max_examples=400)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_flipped_byte_is_refused_or_changes_nothing(position: int, flip: int) -> None:
    damaged = bytearray(GOOD)
    damaged[position] ^= flip
    try:
        state = load(bytes(damaged))
    except CheckpointError:
        return
    # A space for another one: the content is the same, or the hash would differ.
    assert dump(state) == GOOD


@given(st.binary(max_size=300))
def test_any_bytes_behind_a_header_length_are_refused(data: bytes) -> None:
    with pytest.raises(CheckpointError):
        load(len(data).to_bytes(8, "little") + data)
