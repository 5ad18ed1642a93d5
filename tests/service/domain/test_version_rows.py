"""Rows of the data set where there is one, rows drawn from the training ranges where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy.orm import Session, sessionmaker

from kan.encoding import NumberInput, NumberOutput, encode
from kan.split import Part
from service.domain.version_rows import version_rows


def test_stored_rows_come_with_their_parts_and_without_unused_ones(
    api: Any, publish: Any, network_of: Any, write: sessionmaker[Session]
) -> None:
    x = np.arange(10.0)
    dataset = api.post("/v1/datasets?name=a", json={"columns": {"x": x.tolist(), "y": (2 * x).tolist()}}).json()["id"]
    state = network_of((NumberInput("x", "x", 4.0, 4.0, 0.0, 9.0),), (NumberOutput("y", 0.0, 1.0),))
    parts = np.array([Part.TRAIN] * 5 + [Part.UNUSED] * 2 + [Part.TEST] * 3, np.uint8)
    version = publish(state, dataset_id=dataset, split=parts.tobytes())
    with write() as session:
        rows = version_rows(session, version, state, 3)
    assert rows.drawn is None
    assert rows.table["x"].tolist() == [0.0, 2.0, 4.0, 7.0, 8.0, 9.0]
    assert rows.table["y"].tolist() == [0.0, 4.0, 8.0, 14.0, 16.0, 18.0]
    assert rows.of(Part.TEST).table["x"].tolist() == [7.0, 8.0, 9.0]


def test_rows_are_drawn_from_the_training_ranges_where_there_is_no_data_set(
    publish: Any, regression: Any, write: sessionmaker[Session]
) -> None:
    version = publish(regression)
    with write() as session:
        rows, again = (version_rows(session, version, regression, 500) for _ in range(2))
    assert rows.drawn is not None
    assert set(rows.table) == {"cement", "age", "site", "water"}
    assert len(rows.parts) == 500
    assert 100.0 <= rows.table["cement"].min() < 110.0 < 490.0 < rows.table["cement"].max() <= 500.0
    assert set(rows.table["site"]) == {"north", "south", None}
    np.testing.assert_array_equal(rows.table["age"], again.table["age"])
    # Every drawn row is one that the network reads.
    assert np.isfinite(encode(regression.encoding, rows.table)).all()
