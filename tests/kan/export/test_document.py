"""What the document refuses, and that it is plain JSON without what is pruned."""

import json
from dataclasses import replace

import numpy as np
import pytest

from kan.encoding import Encoding, NumberOutput
from kan.errors import ExportError
from kan.export.document import MAX_NUMBERS, check_size, document
from kan.state import EdgeFormula
from tests.kan.export.exported import networks, numbers
from tests.kan.networks import random_network


def test_a_document_is_json_of_finite_numbers() -> None:
    for state in networks().values():
        found = document(state)
        assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_pruned_edges_and_unused_columns_are_left_out() -> None:
    found = document(networks()["unused"])
    assert found["columns"] == ['b "c"']
    assert [edge["source"] for edge in found["layers"][0]["edges"]] == [1]
    assert found["inputs"][0] == {"kind": "unused"}


def test_a_network_without_columns_is_refused() -> None:
    with pytest.raises(ExportError, match="encoding"):
        document(random_network(2, 1))


def test_a_network_that_is_too_large_is_refused() -> None:
    edges = MAX_NUMBERS // (7 * 4)
    check_size(random_network(1, edges))
    with pytest.raises(ExportError, match="safetensors"):
        check_size(random_network(1, edges + 1))


def test_too_many_bessel_functions_are_refused_as_their_points_are_too_many() -> None:
    count = 50_010
    plain = random_network(1, count, encoding=Encoding(numbers()[:1], (NumberOutput("y", 0.0, 1.0),) * count))
    layer = plain.layers[0]
    edges = tuple(EdgeFormula(0, target, "j0", 1.0, 1.0, 0.0, 0.0) for target in range(count))
    state = replace(plain, layers=(replace(layer, mask=np.zeros_like(layer.mask), formulas=edges),))
    with pytest.raises(ExportError, match="a j0 counts as 16"):
        document(state)


def test_functions_that_the_library_cannot_make_up_are_refused() -> None:
    plain = random_network(1, 1, encoding=Encoding(numbers()[:1], (NumberOutput("y", 0.0, 1.0),)))
    edge = EdgeFormula(0, 0, "0**x", 1.0, 1.0, 2.0, 0.0)
    with pytest.raises(ExportError, match=r"a power of 0 .*; take safetensors"):
        document(replace(plain, layers=(replace(plain.layers[0], mask=np.zeros((1, 1)), formulas=(edge,)),)))
