"""Large data sets are measured on rows that lie evenly among those of each part."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy.orm import Session, sessionmaker

from kan.encoding import NumberInput, NumberOutput
from kan.split import Part
from service.domain.editing.measures import measure


def test_so_many_rows_of_each_part_are_measured(
    api: Any, publish: Any, network_of: Any, write: sessionmaker[Session]
) -> None:
    x = np.linspace(-1, 1, 100)
    found = api.post("/v1/datasets?name=a", json={"columns": {"x": x.tolist(), "y": (x**2).tolist()}}).json()["id"]
    state = network_of((NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 0.0, 1.0),))
    parts = np.repeat(np.array([Part.TRAIN, Part.VALIDATION, Part.TEST], np.uint8), [80, 15, 5])
    version = publish(state, dataset_id=found, split=parts.tobytes())
    with write() as session:
        after, measures = measure(session, version, state, state, 10)
    assert [measures.after[part]["rows"] for part in ("train", "validation", "test")] == [10, 10, 5]
    assert measures.certificate is not None
    assert (measures.certificate["rows"], measures.certificate["outputs"][0]["max_change"]) == (10, 0.0)
    statistics = after.layers[0].statistics
    assert statistics is not None
    assert (statistics.low[0], statistics.high[0]) == (x[0], x[79])
