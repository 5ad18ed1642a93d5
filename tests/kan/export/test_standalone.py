"""The document and the Python file give what the network gives, for every kind of network."""

import json

import numpy as np
import pytest
from scipy.special import j0

from kan.export.document import document
from kan.export.measuring import json_answers, measured_table, python_answers
from kan.export.python_code import python_code
from kan.export.standalone import BESSEL_SINES, bessel_j0
from kan.symbolic.functions import BESSEL_POINTS
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


def test_j0_is_exact_as_far_as_it_should_be_and_no_dearer_beyond() -> None:
    for x in (0.0, -2.4, 300.0, 600.0):
        assert bessel_j0(x) == pytest.approx(float(j0(x)), abs=1e-13)
    # Beyond, the rule of the compiled kernels, which has so many points everywhere.
    angles = (np.arange(BESSEL_POINTS) + 0.5) * np.pi / BESSEL_POINTS
    assert len(BESSEL_SINES) == BESSEL_POINTS
    assert bessel_j0(20_000.0) == pytest.approx(np.cos(20_000.0 * np.sin(angles)).mean(), abs=1e-10)
