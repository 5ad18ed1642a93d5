"""What every export is held to."""

from typing import Any

from kan.export.measuring import difference
from kan.state import Array, NetworkState
from tests.kan.export.exported import said

ROWS = 64
# Sums of some ten terms of some hundreds, in another order: rounding alone.
TOLERANCE = 1e-12


def check(exported: Array, state: NetworkState, table: dict[str, Any]) -> None:
    """Fails where an export answers other rows than the network, or answers them otherwise."""
    found = difference(exported, said(state, table))
    assert (found.rows, found.compared, found.only_one) == (ROWS, ROWS, 0)
    assert found.relative < TOLERANCE
