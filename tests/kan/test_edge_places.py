"""Places that a network has not are refused with the field that is wrong."""

import pytest

from kan.edge_places import check_edge, check_index, hidden_layer_at, layer_at, with_layer
from kan.errors import InvalidConfig
from tests.kan.networks import random_layer, random_network

STATE = random_network(2, 3, 1)


def test_layers_are_found_by_number() -> None:
    assert layer_at(STATE, 1) is STATE.layers[1]
    assert hidden_layer_at(STATE, 0) is STATE.layers[0]


@pytest.mark.parametrize("number", [-1, 2])
def test_layer_that_is_not_there_is_refused(number: int) -> None:
    with pytest.raises(InvalidConfig, match="0 to 1"):
        layer_at(STATE, number)


def test_last_layer_has_no_hidden_nodes() -> None:
    with pytest.raises(InvalidConfig, match="hidden"):
        hidden_layer_at(STATE, 1)


@pytest.mark.parametrize(("edge", "field"), [((2, 0), "source"), ((0, 3), "target"), ((-1, 0), "source")])
def test_edge_that_is_not_there_is_refused(edge: tuple[int, int], field: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        check_edge(STATE.layers[0], *edge)
    assert refused.value.field == field


def test_last_of_some_things_is_accepted() -> None:
    check_index("node", 2, 3, "node")
    check_edge(STATE.layers[0], 1, 2)


def test_other_layers_stay_the_same_objects() -> None:
    new = random_layer(3, 1, seed=9)
    changed = with_layer(STATE, 1, new)
    assert changed.layers == (STATE.layers[0], new)
