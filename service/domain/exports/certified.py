"""A version in one format, with how far its answers are from those of /predict, measured by running it."""

from __future__ import annotations

import json
import platform
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version as package_version
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from kan.checkpoint import load
from kan.compiled_predictor import Predictor
from kan.encoding import Encoding, decode, encode, probabilities
from kan.errors import ExportError
from kan.evaluation_cost import evaluated_edges
from kan.export.c_code import c_code
from kan.export.document import document
from kan.export.measuring import (
    difference,
    document_answers,
    json_answers,
    measured_table,
    python_answers,
    row_count,
    sql_answers,
)
from kan.export.onnx_model import onnx_answers, onnx_bytes
from kan.export.python_code import python_code
from kan.export.sql_code import sql_code
from service.domain.errors import StoredDataDamaged
from service.domain.file_errors import ExportUnavailable
from service.domain.model_cache import LoadedModel
from service.store.blobs import BlobDamaged, get_blob
from service.store.tables import VersionRow

Format = Literal["safetensors", "onnx", "python", "c", "json", "sql"]
Floats = NDArray[np.float64]
Table = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Export:
    """A file and its certificate.

    Attributes:
        certificate: rows looked at, the largest differences, and in words how they were measured.
    """

    content: bytes
    certificate: dict[str, Any]


@dataclass(frozen=True, eq=False)
class _Written:
    """A file, what runs it on a table, and in words what that is."""

    content: bytes
    answers: Callable[[Table], Floats]
    measured: str


def export(session: Session, row: VersionRow, model: LoadedModel, format_: Format) -> Export:
    """Gives a version in a format.

    Raises:
        ExportUnavailable: the format cannot hold it, or needs a package that is not installed.
        StoredDataDamaged: its stored bytes.
    """
    try:
        written = _bytes(session, row) if format_ == "safetensors" else _WRITERS[format_](document(model.state))
        return Export(written.content, _certificate(row, model, format_, written))
    except ExportError as error:
        raise ExportUnavailable(str(error)) from None


def network_answers(predictor: Predictor, encoding: Encoding, table: Table) -> Floats:
    """Gives what /predict answers: numbers in the units of the data, or probabilities; NaN in a row it refuses."""
    raw = predictor.evaluate(encode(encoding, table))
    found = decode(encoding, raw) if encoding.task == "regression" else probabilities(encoding, raw)
    return np.asarray(np.where(np.isfinite(raw).all(axis=1)[:, None], found, np.nan))


def _certificate(row: VersionRow, model: LoadedModel, format_: Format, written: _Written) -> dict[str, Any]:
    table = measured_table(model.encoding, row_count(evaluated_edges(model.state)))
    expected = network_answers(model.predictor, model.encoding, table)
    facts: dict[str, Any] = {
        "model": row.model_name,
        "version": row.version,
        "format": format_,
        "rows": len(expected),
        "rows_outside": len(expected) - len(expected) // 2,
    }
    try:
        found = difference(written.answers(table), expected)
    except sqlite3.Error as error:
        why = f"not measured: this server's SQLite refuses the statement ({type(error).__name__})"
        return {**facts, "compared": 0, "max_difference": None, "max_relative_difference": None, "measured": why}
    return {
        **facts,
        "compared": found.compared,
        "answered_by_one": found.only_one,
        "max_difference": found.largest,
        "max_relative_difference": found.relative,
        "measured": written.measured,
    }


def _bytes(session: Session, row: VersionRow) -> _Written:
    try:
        content = get_blob(session, row.blob_sha256)
    except BlobDamaged:
        raise StoredDataDamaged("model version") from None

    def answers(table: Table) -> Floats:
        state = load(content)
        assert state.encoding is not None
        return network_answers(Predictor(state), state.encoding, table)

    return _Written(content, answers, "the file was loaded and evaluated by this program")


def _json(written: Mapping[str, Any]) -> _Written:
    text = json.dumps(written, allow_nan=False)
    return _Written(text.encode(), lambda table: json_answers(text, table), "the file was evaluated by its formula")


def _python(written: Mapping[str, Any]) -> _Written:
    code = python_code(written)
    measured = f"the file was run by Python {platform.python_version()}"
    return _Written(code.encode(), lambda table: python_answers(code, table), measured)


def _c(written: Mapping[str, Any]) -> _Written:
    measured = "not compiled here: the same numbers went through the same steps in Python"
    return _Written(c_code(written).encode(), lambda table: document_answers(written, table), measured)


def _sql(written: Mapping[str, Any]) -> _Written:
    code = sql_code(written)
    target = written["outputs"][0]
    count = len(written["outputs"]) if target["kind"] == "number" else len(target["classes"])
    measured = f"the statement was run by SQLite {sqlite3.sqlite_version}"
    return _Written(code.encode(), lambda table: sql_answers(code, table, count), measured)


def _onnx(written: Mapping[str, Any]) -> _Written:
    content = onnx_bytes(written)

    def answers(table: Table) -> Floats:
        return onnx_answers(content, written, table)

    return _Written(content, answers, f"the model was run by onnxruntime {_version_of('onnxruntime')}")


def _version_of(package: str) -> str:
    try:
        return package_version(package)
    except ModuleNotFoundError:
        # Then it is not run either, and the export is refused.
        return "?"


_WRITERS: dict[str, Callable[[Mapping[str, Any]], _Written]] = {
    "json": _json,
    "python": _python,
    "c": _c,
    "sql": _sql,
    "onnx": _onnx,
}
