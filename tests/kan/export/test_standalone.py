"""The document and the Python file give what the network gives, for every kind of network."""

import json

import numpy as np
import pytest

from kan.export.document import document
from kan.export.measuring import json_answers, measured_table, python_answers
from kan.export.python_code import python_code
from kan.export.standalone import bessel_j0
from kan.symbolic.bessel import bessel
from tests.kan.export.check import ROWS, check
from tests.kan.export.exported import networks

NETWORKS = networks()


@pytest.mark.parametrize("kind", NETWORKS)
def test_json_and_python_give_what_the_network_gives(kind: str) -> None:
    state = NETWORKS[kind]
    assert state.encoding is not None
    table = measured_table(state.encoding, ROWS)
    exported = document(state)
    check(json_answers(json.dumps(exported), table), state, table)
    check(python_answers(python_code(exported), table), state, table)


def test_j0_is_that_of_the_network_near_and_far() -> None:
    for x in (0.0, -2.4, 24.999, 25.0, -600.5, 1e9):
        assert bessel_j0(x) == pytest.approx(float(bessel(0, np.array(x), np)), abs=1e-15)
