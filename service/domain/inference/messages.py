"""Messages of the Open Inference Protocol: JSON, with the numbers in it or behind it as raw bytes.

Source: the KServe V2 protocol, with Triton's extension for binary tensor data.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

from service.domain.errors import BodyTooLarge, Fault, InvalidRows, MalformedBody
from service.domain.inference.tensors import NUMBERS, TEXT, Tensor
from service.domain.prediction_forms.columns import invalid_rows, listed
from service.domain.predictions import POLICIES, DomainPolicy

# Extensions of other servers that would change the meaning of a request: refused, never passed over.
_FOREIGN = ("shared_memory_region", "shared_memory_offset", "shared_memory_byte_size", "classification")
_FOREIGN_REQUEST = ("sequence_id", "sequence_start", "sequence_end")
_MAX_AXES = 8
# Of sizes, those that are 0 left out: NumPy makes no array of more, even of one that holds nothing.
_MAX_VALUES = 2**31


class _Input(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Output(msgspec.Struct):
    name: str
    parameters: dict[str, Any] | None = None


class _Request(msgspec.Struct):
    inputs: list[_Input]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: list[_Output] | None = None


@dataclass(frozen=True)
class InferenceRequest:
    """What was asked.

    Attributes:
        outputs: name -> as raw bytes?; None = all there are.
        is_binary: raw bytes for outputs that say nothing of their own.
        policy: for values outside the training range, from the request's parameter `domain`.
    """

    id: str | None
    tensors: tuple[Tensor, ...]
    outputs: Mapping[str, bool] | None
    is_binary: bool
    policy: DomainPolicy

    @property
    def datatype(self) -> str:
        """FP32 where all numbers came as such, else FP64."""
        numbers = {tensor.datatype for tensor in self.tensors} - {TEXT}
        return "FP32" if numbers == {"FP32"} else "FP64"


def read_request(body: bytes, header_length: int | None, max_rows: int) -> InferenceRequest:
    """Reads an inference request.

    Args:
        body: JSON, then raw tensor bytes.
        header_length: bytes of the JSON; None = all.
        max_rows: most rows of a tensor.

    Raises:
        MalformedBody: no JSON, or raw bytes that do not add up.
        InvalidRows: JSON of another shape, or values that are no numbers.
        BodyTooLarge: too many rows.
    """
    if header_length is not None and header_length > len(body):
        raise MalformedBody("Inference-Header-Content-Length says more bytes than came")
    parsed = _decoded(body[:header_length])
    raw = memoryview(body)[header_length or len(body) :]
    _refuse_foreign(parsed)
    tensors = []
    for place, item in enumerate(parsed.inputs):
        size = (item.parameters or {}).get("binary_data_size")
        tensor, raw = _tensor(item, place, raw, size, max_rows)
        tensors.append(tensor)
    if len(raw):
        raise MalformedBody("more raw bytes came than the inputs' binary_data_size say")
    options = parsed.parameters or {}
    policy = options.get("domain", "warn")
    if policy not in POLICIES:
        message = f"expected one of {', '.join(POLICIES)}"
        raise invalid_rows([Fault("/parameters/domain", "invalid_value", message)])
    is_binary = options.get("binary_data_output") is True
    asked = None if parsed.outputs is None else {item.name: _wants_binary(item, is_binary) for item in parsed.outputs}
    return InferenceRequest(parsed.id, tuple(tensors), asked or None, is_binary, policy)


def write_answer(
    head: Mapping[str, Any], request: InferenceRequest, tensors: Sequence[Tensor]
) -> tuple[bytes, int | None]:
    """Gives the answer's body, and the bytes of its JSON where raw bytes follow.

    Raises:
        InvalidRows: an output was asked for that the model does not have.
    """
    known = {tensor.name: tensor for tensor in tensors}
    asked = request.outputs or dict.fromkeys(known, request.is_binary)
    unknown = next((name for name in asked if name not in known), None)
    if unknown is not None:
        raise invalid_rows([Fault("/outputs", "unknown_output", f"expected some of {listed(list(known))}")])
    shown, parts = [], []
    for name, as_bytes in asked.items():
        tensor = known[name]
        entry: dict[str, Any] = {"name": name, "datatype": tensor.datatype, "shape": list(tensor.data.shape)}
        if as_bytes:
            parts.append(_raw_bytes(tensor))
            entry["parameters"] = {"binary_data_size": len(parts[-1])}
        else:
            entry["data"] = tensor.data.ravel() if tensor.datatype != TEXT else tensor.data.tolist()
        shown.append(entry)
    if request.id is not None:
        head = {**head, "id": request.id}
    text = orjson.dumps({**head, "outputs": shown}, option=orjson.OPT_SERIALIZE_NUMPY)
    return b"".join((text, *parts)), len(text) if parts else None


def _decoded(text: bytes) -> _Request:
    try:
        return msgspec.json.decode(text, type=_Request)
    except msgspec.ValidationError as error:
        raise InvalidRows(f"not an inference request: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _not_json(error) from None
    except RecursionError:
        raise MalformedBody("the body is nested too deeply") from None


def _not_json(error: Exception) -> MalformedBody:
    return MalformedBody(f"the body is not JSON: {error}")


def _refuse_foreign(parsed: _Request) -> None:
    named: list[tuple[dict[str, Any] | None, tuple[str, ...]]] = [(parsed.parameters, _FOREIGN_REQUEST)]
    named += [(item.parameters, _FOREIGN) for item in (*parsed.inputs, *(parsed.outputs or ()))]
    for parameters, foreign in named:
        found = next((name for name in foreign if name in (parameters or {})), None)
        if found is not None:
            raise invalid_rows([Fault("/parameters", "unsupported", f"the extension with {found} is not served here")])


def _wants_binary(item: _Output, default: bool) -> bool:
    return (item.parameters or {}).get("binary_data", default) is True


def _tensor(item: _Input, place: int, raw: memoryview, size: object, max_rows: int) -> tuple[Tensor, memoryview]:
    """Gives one input, and the raw bytes that are left after it."""
    pointer = f"/inputs/{place}"
    if item.datatype not in NUMBERS and item.datatype != TEXT:
        message = f"expected one of {', '.join((*NUMBERS, TEXT))}"
        raise invalid_rows([Fault(f"{pointer}/datatype", "wrong_datatype", message)])
    _check_shape(item.shape, pointer, max_rows)
    count = math.prod(item.shape)
    if size is None:
        values = _from_json(item, count, pointer)
    elif not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(raw):
        raise MalformedBody(f"{pointer}: binary_data_size does not fit the raw bytes that came")
    else:
        values, raw = _from_bytes(raw[:size], item.datatype), raw[size:]
    if len(values) != count:
        message = f"expected {count} values for the shape, got {len(values)}"
        raise invalid_rows([Fault(f"{pointer}/data", "wrong_length", message)])
    return Tensor(item.name, item.datatype, values.reshape(item.shape)), raw


def _check_shape(shape: Sequence[int], pointer: str, max_rows: int) -> None:
    if not 1 <= len(shape) <= _MAX_AXES or min(shape) < 0:
        raise invalid_rows([Fault(f"{pointer}/shape", "wrong_shape", "expected 1 to 8 sizes, none below zero")])
    if shape[0] > max_rows:
        raise BodyTooLarge("rows in one request", max_rows, "send them in parts")
    if math.prod(axis or 1 for axis in shape) > _MAX_VALUES:
        message = f"expected sizes whose product is at most {_MAX_VALUES:,}"
        raise invalid_rows([Fault(f"{pointer}/shape", "wrong_shape", message)])


def _from_json(item: _Input, count: int, pointer: str) -> NDArray[Any]:
    """Gives values that stand in the JSON, flat or nested as the shape is."""
    if isinstance(item.data, msgspec.UnsetType):
        raise invalid_rows([Fault(pointer, "missing", "expected data, or binary_data_size and raw bytes")])
    kind: Any = str if item.datatype == TEXT else float
    text = bytes(item.data)
    # Nested data has a bracket after the first one.
    depth = len(item.shape) if text[1:].lstrip()[:1] == b"[" else 1
    for _ in range(depth):
        kind = list[kind]
    try:
        values = msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        expected = "texts" if item.datatype == TEXT else "finite numbers"
        message = f"expected {expected}, flat or nested as the shape: {error}"
        raise invalid_rows([Fault(f"{pointer}/data", "wrong_values", message)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # Raw values are passed over at first: whether texts are UTF-8 is looked at only here.
        raise _not_json(error) from None
    for _ in range(depth - 1):
        values = list(chain.from_iterable(values))
    if item.datatype == TEXT:
        return np.array([*values, None], object)[:-1]
    found, fits = _as_kind(np.array(values, np.float64), np.dtype(NUMBERS[item.datatype]))
    if not fits.all():
        message = f"a number does not fit {item.datatype}"
        raise invalid_rows([Fault(f"{pointer}/data", "not_finite", message)])
    return found


def _as_kind(values: NDArray[np.float64], kind: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Gives the values as a datatype holds them, and which it can hold; whole numbers stay float64, for the model."""
    if kind.kind == "f":
        with np.errstate(over="ignore"):
            found = values.astype(kind)
        return found, np.isfinite(found)
    ends = np.iinfo(kind)
    return values, (values == np.floor(values)) & (float(ends.min) <= values) & (values <= float(ends.max))


def _from_bytes(raw: memoryview, datatype: str) -> NDArray[Any]:
    if datatype == TEXT:
        return np.array([*_texts(raw), None], object)[:-1]
    kind = np.dtype(NUMBERS[datatype])
    if len(raw) % kind.itemsize:
        raise MalformedBody(f"raw bytes of {datatype} come in groups of {kind.itemsize}")
    return np.frombuffer(raw, kind)


def _texts(raw: memoryview) -> Iterator[str]:
    """Gives texts, each behind its length (four bytes, little-endian)."""
    place = 0
    while place < len(raw):
        length = int.from_bytes(raw[place : place + 4], "little")
        end = place + 4 + length
        if end > len(raw):
            raise MalformedBody("raw BYTES end within a text")
        try:
            yield str(raw[place + 4 : end], "utf-8")
        except UnicodeDecodeError:
            raise MalformedBody("raw BYTES are not UTF-8") from None
        place = end


def _raw_bytes(tensor: Tensor) -> bytes:
    if tensor.datatype != TEXT:
        return tensor.data.tobytes()
    texts = (str(text).encode() for text in tensor.data.ravel())
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)
