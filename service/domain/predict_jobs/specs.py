"""A predict job's spec checked against its version and data set: what the rows lack as a whole is refused at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from kan.encoding import ClassOutput, Encoding
from kan.evaluation_cost import evaluated_edges
from service.domain.errors import Fault, InvalidSpec
from service.domain.prediction_forms.columns import input_columns
from service.domain.specs.versions import named_version
from service.domain.stored_networks import load_network
from service.store.tables import DatasetRow

PREDICT = "predict"
# Of a part: enough that a part costs little beside its predictions, few enough for some megabytes and some seconds: a
# job that says nothing for minutes is taken for a dead one, and would begin the same part for ever.
_ROWS, _CELLS, _EDGES = 50_000, 1_000_000, 200_000_000
# Measured on one core: of a row, of each value that is read or written of it, of each edge that is evaluated for it,
# and of what comes before the first row. The tests have estimates beside what predictions took.
_ROW_SECONDS, _CELL_SECONDS, _EDGE_SECONDS, _ALWAYS_SECONDS = 2e-7, 3e-8, 1.25e-9, 0.1


def resolve_predict_spec(session: Session, spec: Mapping[str, Any], dataset: DatasetRow) -> dict[str, Any]:
    """Gives what a predict job will run.

    Returns:
        init (the version, as of a training that goes on from one), rows, part_rows, expected_seconds (of one core),
        inputs, outputs, device, warnings.

    Raises:
        InvalidSpec: no such version, or columns that the data set does not have or has of another type.
        StoredDataDamaged: the version's bytes.
    """
    row = named_version(session, spec)
    # The columns only: workers read this module too, and predict in processes of their own.
    state, encoding = load_network(session, row.blob_sha256)
    columns, edges = input_columns(encoding), evaluated_edges(state)
    cells = len(columns) + answers(encoding)
    types = {str(column["name"]): str(column["type"]) for column in dataset.columns}
    faults = []
    for column in columns:
        wanted = "number" if column.is_number else "category"
        if types.get(column.name, "absent") not in (wanted, "ignored"):
            found = types.get(column.name, "no column of it")
            message = f"the version reads {column.name!r} as a {wanted}; in the data set it is {found}"
            faults.append(Fault("/dataset", "other_columns", message))
    if faults:
        raise InvalidSpec(faults[0].message, faults[:20])
    return {
        "init": {"model": row.model_name, "version": row.version, "version_id": row.id, "sha256": row.blob_sha256},
        "rows": dataset.rows,
        "part_rows": part_rows(cells, edges),
        "expected_seconds": predict_seconds(dataset.rows, cells, edges),
        "inputs": [column.name for column in columns],
        "outputs": [item.name for item in encoding.outputs],
        "device": "cpu",
        "warnings": [],
    }


def part_rows(columns: int, edges: int) -> int:
    """Gives how many rows are predicted at once.

    Args:
        columns: that are read and written of a row.
        edges: that are evaluated for it, see `kan.evaluation_cost`.
    """
    return max(1, min(_ROWS, _CELLS // max(1, columns), _EDGES // max(1, edges)))


def predict_seconds(rows: int, columns: int, edges: int) -> float:
    """Gives the seconds that a job is likely to take on one core, to the two digits that a guess is worth.

    Args:
        rows: to predict.
        columns, edges: as of `part_rows`.
    """
    of_a_row = _ROW_SECONDS + _CELL_SECONDS * columns + _EDGE_SECONDS * edges
    return float(f"{_ALWAYS_SECONDS + rows * of_a_row:.2g}")


def answers(encoding: Encoding) -> int:
    """Gives how many columns the answers of a row have: of each output its prediction, true value and residual."""
    first = encoding.outputs[0]
    return len(first.classes) if isinstance(first, ClassOutput) else 3 * len(encoding.outputs)
