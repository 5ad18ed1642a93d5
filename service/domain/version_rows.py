"""The rows that a version is measured on: those of its data set, or drawn from its training ranges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from kan.encoding import MISSING_LEVEL, Encoding, LevelsInput, NumberInput
from kan.split import Part
from kan.state import NetworkState
from service.domain.ancestors import judge_of, root_training
from service.domain.editing.measures import Arrays, measured_rows
from service.store.tables import VersionRow

NO_DATA = "the version has no data set, or it was deleted; its rows are drawn from the training ranges"
NO_TEST_ROWS = "no test rows were held out"
JUDGE_GONE = "the data set whose rows judged the training was deleted"
DRAWN_ROWS = 2_000


@dataclass(frozen=True, eq=False)
class VersionRows:
    """Rows in the user's units.

    Attributes:
        table: column -> (rows,) array; without the targets where the rows are drawn.
        parts: (rows,) `kan.split.Part` codes; drawn rows count as training rows.
        drawn: in words why no stored rows are taken; None where they are.
        untested: in words why no row is a test row, where none is.
    """

    table: Arrays
    parts: NDArray[np.uint8]
    drawn: str | None = None
    untested: str = NO_TEST_ROWS

    def of(self, part: Part) -> VersionRows:
        """Gives the rows of one part."""
        here = self.parts == part
        return replace(self, table={name: values[here] for name, values in self.table.items()}, parts=self.parts[here])


def version_rows(session: Session, version: VersionRow, state: NetworkState, max_rows: int) -> VersionRows:
    """Gives the rows to measure a version on, the same ones each time.

    Args:
        session: to read with.
        version: whose data set and split are taken.
        state: its network, with an encoding.
        max_rows: of each part at most; of more, so many that lie evenly among them.

    Raises:
        StoredDataDamaged: the bytes of the data set or of the split.
    """
    assert state.encoding is not None
    stored = measured_rows(session, version, state, max_rows)
    if stored is None:
        rows = min(max_rows, DRAWN_ROWS)
        return VersionRows(_drawn(state.encoding, rows), np.full(rows, Part.TRAIN, dtype=np.uint8), NO_DATA)
    table, parts = stored
    kept = np.flatnonzero(parts != Part.UNUSED)
    untested = _why_untested(session, version)
    return VersionRows({name: values[kept] for name, values in table.items()}, parts[kept], untested=untested)


def measured_on(session: Session, version: VersionRow) -> tuple[str | None, str | None]:
    """Gives ids of the data sets that `version_rows` reads: its own and that of the test rows, None where gone."""
    judge = judge_of(session, version)
    return version.dataset_id, None if judge is None else judge.id


def _why_untested(session: Session, version: VersionRow) -> str:
    judged = (root_training(session, version).get("resolved") or {}).get("test_dataset") is not None
    return JUDGE_GONE if judged and judge_of(session, version) is None else NO_TEST_ROWS


def _drawn(encoding: Encoding, rows: int) -> Arrays:
    generator = np.random.default_rng(0)
    table: dict[str, Any] = {}
    for item in encoding.inputs:
        if isinstance(item, NumberInput):
            table[item.column] = generator.uniform(item.low, item.high, rows)
        elif isinstance(item, LevelsInput):
            names = [None if level == MISSING_LEVEL else level for level in item.levels]
            table[item.column] = np.array([names[k] for k in generator.integers(0, len(names), rows)], dtype=object)
    for column in {item.column for item in encoding.inputs} - set(table):
        # Of this column only whether it is there says something.
        table[column] = np.where(generator.uniform(size=rows) < 0.5, np.nan, 0.0)
    return table
