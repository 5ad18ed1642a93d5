"""A network as bytes and back: safetensors with one JSON text in the header, no pickle, the same bytes every time.

The header's metadata holds `kan_format`, a JSON object: format, version, layers (degree, products and formulas; in
version 1 degrees alone, in version 3 shapes that edges keep), base, outside, encoding, origin and the SHA-256 of all of
it and of the arrays.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from kan.checkpoint_facts import facts_from_json, facts_to_json
from kan.checkpoint_layers import layer_arrays, read_layers
from kan.encoding import Encoding, from_json, to_json
from kan.errors import CheckpointError, KanError
from kan.state import NetworkState

FORMAT = "kan-network"
VERSION = 3
# Those this program reads. It writes the last one only for networks that need it: older programs read the others.
VERSIONS = (1, 2, VERSION)
METADATA_KEY = "kan_format"


def dump(state: NetworkState) -> bytes:
    """Gives the bytes of a network; equal networks give equal bytes.

    Raises:
        CheckpointError: the network holds a number that is not finite, or facts that are not JSON.
    """
    arrays = layer_arrays(state.layers)
    header: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION if any(layer.shapes for layer in state.layers) else 2,
        "layers": facts_to_json(state.layers),
        "base": state.base,
        "outside": state.outside,
        "encoding": None if state.encoding is None else to_json(state.encoding),
        "origin": state.origin,
    }
    try:
        text = json.dumps({**header, "sha256": digest(header, arrays)}, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"the network's facts are not JSON: {error}") from error
    return bytes(save_arrays(arrays, metadata={METADATA_KEY: text}))


def load(data: bytes) -> NetworkState:
    """Gives the network that `dump` wrote.

    Raises:
        CheckpointError: other bytes, a damaged or truncated file, a later version, arrays that do not fit together.
    """
    header = _header(data)
    _require(header.get("format") == FORMAT, f"expected format {FORMAT}")
    version = header.get("version")
    is_known = type(version) is int and version in VERSIONS
    _require(is_known, f"expected version 1 to {VERSION}; a later one needs a later program")
    try:
        arrays: dict[str, NDArray[Any]] = load_arrays(data)
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise CheckpointError(f"the arrays cannot be read: {error}") from error
    held = header.pop("sha256", None)
    try:
        is_whole = held == digest(header, arrays)
    except (ValueError, RecursionError) as error:
        raise CheckpointError("the header holds a number that is not finite") from error
    _require(is_whole, "damaged: the SHA-256 of its content differs from the one it carries")
    return _state(header, arrays)


def save(state: NetworkState, path: Path | str) -> None:
    """Writes the bytes of a network to a file."""
    Path(path).write_bytes(dump(state))


def read(path: Path | str) -> NetworkState:
    """Gives the network in a file.

    Raises:
        CheckpointError: the file is no checkpoint.
        OSError: there is no such file.
    """
    return load(Path(path).read_bytes())


def digest(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
    """Gives the SHA-256 over the header's fields and every array: name, type, shape, bytes; in order of names."""
    found = hashlib.sha256(json.dumps(header, sort_keys=True, allow_nan=False).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        found.update(f"{name} {array.dtype.str} {array.shape}\n".encode(errors="surrogatepass"))
        found.update(array.tobytes())
    return found.hexdigest()


def _header(data: bytes) -> dict[str, Any]:
    """Gives our JSON object from the safetensors header: 8 bytes of length, then JSON."""
    length = int.from_bytes(data[:8], "little")
    _require(len(data) > 8 and 8 + length <= len(data), "expected a safetensors file, not cut short")
    outer = _json(data[8 : 8 + length])
    metadata = outer.get("__metadata__")
    if not isinstance(metadata, dict) or not isinstance(metadata.get(METADATA_KEY), str):
        raise CheckpointError(f"expected a safetensors file with {METADATA_KEY} in its metadata")
    return _json(metadata[METADATA_KEY])


def _json(text: bytes | str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise CheckpointError("the header is not JSON") from error
    if not isinstance(value, dict):
        raise CheckpointError("the header is not a JSON object")
    return value


def _state(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> NetworkState:
    origin = header.get("origin")
    _require(header.get("base") in ("silu", "zero"), "base: expected silu or zero")
    _require(header.get("outside") in ("linear", "zero"), "outside: expected linear or zero")
    if not isinstance(origin, dict):
        raise CheckpointError("origin: expected an object")
    layers = read_layers(facts_from_json(header.get("layers")), arrays)
    encoding = _encoding(header.get("encoding"))
    state = NetworkState(layers, str(header["base"]), str(header["outside"]), encoding, origin)
    _check_encoding(state)
    return state


def _encoding(value: object) -> Encoding | None:
    if value is None:
        return None
    try:
        return from_json(value)
    except KanError as error:
        raise CheckpointError(f"encoding: {error}") from error


def _check_encoding(state: NetworkState) -> None:
    """Checks that the columns and the first and last layer belong together."""
    if state.encoding is None:
        return
    _require(state.encoding.network_inputs == state.widths[0], "encoding: its inputs are not those of the network")
    _require(state.encoding.network_outputs == state.widths[-1], "encoding: its outputs are not those of the network")
    tables = [state.layers[0].level_table(source) for source in range(state.widths[0])]
    held = tuple(None if table is None else len(table.values) - 1 for table in tables)
    _require(held == state.encoding.input_levels, "encoding: its levels are not those of the network")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise CheckpointError(message)
