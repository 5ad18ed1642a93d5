"""A data set whose rows are the test part of a training that learns from another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from service.domain.errors import Fault, InvalidSpec
from service.domain.leasing.starts import Start
from service.store.datasets import find_dataset
from service.store.tables import DatasetRow

_OTHER_TEST_ROWS = ("test_fraction", "split_column")


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What a training must know of the data set that judges it.

    Attributes:
        columns: what is known of each.
        sha256: of its table as it is stored.
    """

    id: str
    rows: int
    columns: Sequence[Mapping[str, Any]]
    sha256: str

    @property
    def facts(self) -> dict[str, Any]:
        """What a resolved spec remembers of it."""
        return {"id": self.id, "rows": self.rows, "sha256": self.sha256}

    def check(self, dataset_columns: Sequence[Mapping[str, Any]], wanted: Sequence[str]) -> None:
        """Passes where it has these columns of the data set, of the same types.

        Raises:
            InvalidSpec: with a fault for each column that is another, or none.
        """
        types = {str(column["name"]): str(column["type"]) for column in dataset_columns}
        known = {str(column["name"]): column for column in self.columns}
        _refuse(
            Fault("/test_dataset", "other_columns", f"expected a column {name!r} that is a {types[name]}")
            for name in wanted
            if name not in known or not may_be(known[name], types[name])
        )


def find_held_out(
    session: Session, spec: Mapping[str, Any], dataset: DatasetRow, start: Start | None = None
) -> HeldOut | None:
    """Gives the data set that `test_dataset` names, or that judged the start where the spec names no test rows.

    Args:
        session: to read with.
        spec: as sent.
        dataset: to learn from.
        start: the version to go on from.

    Raises:
        InvalidSpec: no such data set, one with the same rows, or test rows of another kind beside it.
    """
    named = spec.get("test_dataset")
    others = [name for name in _OTHER_TEST_ROWS if spec.get(name) is not None]
    if named is None:
        kept = None if start is None or others else start.learnt.get("test_dataset")
        row = None if kept is None else find_dataset(session, kept["id"])
        return None if row is None or row.blob_sha256 == dataset.blob_sha256 else _held_out(row)
    _refuse(Fault(f"/{name}", "conflict", "the test rows are those of test_dataset: leave it out") for name in others)
    row = find_dataset(session, str(named))
    if row is None:
        raise _invalid([Fault("/test_dataset", "unknown_dataset", "no data set has this id")])
    if row.blob_sha256 == dataset.blob_sha256:
        raise _invalid([Fault("/test_dataset", "same_rows", "expected other rows than those of dataset")])
    return _held_out(row)


def _held_out(row: DatasetRow) -> HeldOut:
    return HeldOut(row.id, row.rows, row.columns, row.blob_sha256)


def may_be(column: Mapping[str, Any], kind: str) -> bool:
    """Says whether a column can be read as a number or a category.

    Of few rows a column may be constant, and is a number still.
    """
    if column["type"] != "ignored" or column.get("reason") == "empty":
        return column["type"] in (kind, "ignored")
    return ("min" in column) == (kind == "number")


def _refuse(faults: Any) -> None:
    found = list(faults)
    if found:
        raise _invalid(found[:20])


def _invalid(faults: list[Fault]) -> InvalidSpec:
    return InvalidSpec(f"{faults[0].pointer}: {faults[0].message}", faults)
