"""Rows to measure a change on, and the certificate of it as a version keeps it; imports no store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kan.certificate import Certificate, certificate
from kan.edge_gaps import edge_gaps
from kan.encoding import encode
from kan.scores import scores
from kan.split import Part
from kan.state import NetworkState
from kan.table_rows import row_blocks

NOWHERE = "in no row it is a number before and after"
MAX_WARNINGS = 20


def change(
    before: NetworkState, after: NetworkState, table: Mapping[str, NDArray[Any]], parts: NDArray[np.uint8]
) -> dict[str, Any]:
    """Gives what a version remembers of the change to it: the metrics before, and the certificate.

    Args:
        before, after: of the same columns; either may have unused ones that the other needs.
        table: the columns of both.
        parts: (rows,) `Part` codes.
    """
    x = training_rows(reading_both(before, after), table, parts == Part.TRAIN)
    return {
        "metrics_before": scores(before, table, parts, None),
        "certificate": certificate_json(certificate(before, after, x), after, x),
        "unmeasured": None,
    }


def reading_both(before: NetworkState, after: NetworkState) -> NetworkState:
    """Gives the first network, whose encoding reads what the second one needs too: an edit may bring columns back."""
    assert before.encoding is not None
    assert after.encoding is not None
    unused = tuple(name for name in before.encoding.unused if name in after.encoding.unused)
    return replace(before, encoding=replace(before.encoding, unused=unused))


def training_rows(state: NetworkState, table: Mapping[str, NDArray[Any]], wanted: NDArray[np.bool_]) -> Any:
    """Gives (rows, inputs) of the wanted rows in network units."""
    assert state.encoding is not None
    x = np.empty((int(wanted.sum()), state.widths[0]))
    for place, block in row_blocks(table, wanted, partial(encode, state.encoding)):
        x[place] = block
    return x


def certificate_json(found: Certificate, after: NetworkState, x: NDArray[np.float64]) -> dict[str, Any]:
    """Gives a certificate as it is stored, with warnings of what is close to the rows."""
    outputs = [
        {"output": name, "max_change": most, "rms_change": rms, "reason": NOWHERE if np.isnan(most) else None}
        for name, most, rms in zip(found.outputs, found.max_change, found.rms_change, strict=True)
    ]
    warnings = [gap.message for gap in edge_gaps(after, x)][:MAX_WARNINGS]
    return {"rows": found.rows, "undefined_rows": found.undefined_rows, "outputs": outputs, "warnings": warnings}
