"""Predictions as bytes: JSON straight from the arrays, or a table in any format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
import polars as pl

from service.api.table_formats import table_bytes
from service.domain.intervals import Intervals
from service.domain.predictions import Prediction, outside_entry
from service.domain.reading.explanations import Contributions, Gradient
from service.domain.stored_predictions import StoredPrediction
from service.domain.tables.upload import JSON
from service.store.tables import VersionRow


def prediction_body(
    row: VersionRow, answer: Prediction, media_type: str, explained: Mapping[str, Any] | None = None
) -> bytes:
    """Gives the answer for rows that were sent; what explains it is added in JSON."""
    if media_type != JSON:
        columns = _columns(answer) + _interval_columns(answer, (explained or {}).get("interval"))
        return table_bytes(pl.DataFrame(_distinct(columns)), media_type)
    return _json({**_head(row, answer), "domain": _domain(answer), **(explained or {})})


def contributions_part(found: Contributions) -> dict[str, Any]:
    """Gives contributions as they are shown."""
    return {
        "outputs": list(found.outputs),
        "baseline": found.baseline.tolist(),
        "terms": [{"output": output, "name": name} for output, name in found.terms],
        "values": np.ascontiguousarray(found.values),
    }


def gradient_part(found: Gradient) -> dict[str, Any]:
    """Gives derivatives as they are shown; null where a row has no value."""
    return {
        "outputs": list(found.outputs),
        "inputs": list(found.inputs),
        "values": np.ascontiguousarray(found.values),
    }


def interval_part(found: Intervals, answer: Prediction) -> dict[str, Any]:
    """Gives intervals, or sets of classes, as they are shown."""
    facts: dict[str, Any] = {"level": found.level, "test_rows": found.rows}
    if found.sets is not None and answer.classes is not None:
        named = [[name for name, is_in in zip(answer.classes, row, strict=True) if is_in] for row in found.sets]
        return {**facts, "sets": named}
    return {**facts, "low": np.ascontiguousarray(found.low), "high": np.ascontiguousarray(found.high)}


def stored_body(row: VersionRow, page: StoredPrediction, media_type: str, asked: dict[str, Any]) -> bytes:
    """Gives a page of predictions of a stored data set."""
    if media_type != JSON:
        return table_bytes(_stored_frame(page), media_type)
    facts = {"total": page.total, "rows": page.rows, "actual": page.actual, "residual": page.residual}
    return _json({**_head(row, page.prediction), **asked, **facts})


def _head(row: VersionRow, answer: Prediction) -> dict[str, Any]:
    head: dict[str, Any] = {
        "model": row.model_name,
        "version": row.version,
        "outputs": answer.outputs,
        "predictions": answer.values,
    }
    if answer.probabilities is not None:
        head |= {"classes": answer.classes, "probabilities": np.ascontiguousarray(answer.probabilities)}
    return head


def _domain(answer: Prediction) -> dict[str, Any]:
    listed = [outside_entry(item) for item in answer.outside]
    return {"policy": answer.policy, "outside": listed, "outside_count": answer.outside_count}


def _json(body: dict[str, Any]) -> bytes:
    if isinstance(body["predictions"], np.ndarray):
        body["predictions"] = np.ascontiguousarray(body["predictions"])
    return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)


def _columns(answer: Prediction) -> list[pl.Series]:
    if isinstance(answer.values, np.ndarray):
        return [pl.Series(name, answer.values[:, place]) for place, name in enumerate(answer.outputs)]
    columns = [pl.Series(answer.outputs[0], [label for (label,) in answer.values], dtype=pl.String)]
    if answer.classes is not None and answer.probabilities is not None:
        columns += [
            pl.Series(f"probability({name})", answer.probabilities[:, place])
            for place, name in enumerate(answer.classes)
        ]
    return columns


def _distinct(columns: list[pl.Series]) -> list[pl.Series]:
    """Gives the columns, later ones of a name with apostrophes behind it: targets come first and keep theirs."""
    taken: set[str] = set()
    found = []
    for column in columns:
        name = column.name
        while name in taken:
            name += "'"
        taken.add(name)
        found.append(column.alias(name))
    return found


def _interval_columns(answer: Prediction, interval: Mapping[str, Any] | None) -> list[pl.Series]:
    """Gives low(strength) and high(strength) of each output; of classes in_set(a) of each, 1 or 0."""
    if interval is None:
        return []
    if answer.classes is not None:
        members = [set(row) for row in interval["sets"]]
        return [
            pl.Series(f"in_set({name})", [int(name in row) for row in members], dtype=pl.Int64)
            for name in answer.classes
        ]
    ends = [(word, interval[word]) for word in ("low", "high")]
    return [
        pl.Series(f"{word}({name})", values[:, place])
        for place, name in enumerate(answer.outputs)
        for word, values in ends
    ]


def _stored_frame(page: StoredPrediction) -> pl.DataFrame:
    """Columns row, prediction, actual, residual; with several targets each name is put behind: "actual(strength)"."""
    answer, single = page.prediction, len(page.prediction.outputs) == 1

    def titled(word: str, output: str) -> str:
        return word if single else f"{word}({output})"

    # Said, not guessed from the values: a page may have none, or none that is known.
    kind = pl.Float64 if answer.classes is None else pl.String
    columns = [pl.Series("row", page.rows, dtype=pl.Int64)]
    for place, output in enumerate(answer.outputs):
        for word, rows in (("prediction", answer.values), ("actual", page.actual), ("residual", page.residual)):
            if rows is not None:
                columns.append(pl.Series(titled(word, output), [values[place] for values in rows], dtype=kind))
    if answer.classes is not None:
        columns += _columns(answer)[1:]
    return pl.DataFrame(columns)
