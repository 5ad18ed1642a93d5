"""Paths from inputs to outputs: what is severed, what every output hangs on, which nodes lead nowhere."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.importance import edge_scores
from kan.live_paths import reached_outputs, strongest_paths, without_dead_nodes
from kan.prune import Edge, live_edges, prune_edge, prune_edges, prune_node
from kan.state import NetworkState
from tests.kan.kernels.cpu.definition import with_products
from tests.kan.networks import mixed_network, random_network


def reached_by_walking(state: NetworkState) -> list[bool]:
    """Tells which outputs an input reaches, one node after the other."""
    reached = [True] * state.widths[0]
    for layer in state.layers:
        sums = [any(reached[i] and layer.live[i, j] for i in range(layer.inputs)) for j in range(layer.outputs)]
        reached = [all(sums[factor] for factor in layer.factors(node)) for node in range(layer.nodes)]
    return reached


def only(state: NetworkState, edges: set[Edge]) -> NetworkState:
    return prune_edges(state, [edge for edge in live_edges(state) if edge not in edges])


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_reached_outputs_are_those_found_by_walking(seed: int, share: float) -> None:
    state = mixed_network(seed)
    edges = live_edges(state)
    picked = np.random.default_rng(seed).random(len(edges)) < share
    state = prune_edges(state, [edge for edge, gone in zip(edges, picked, strict=True) if gone])
    assert reached_outputs(state).tolist() == reached_by_walking(state)


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_strongest_paths_alone_reach_every_output_that_was_reached(seed: int) -> None:
    state = mixed_network(seed)
    paths = strongest_paths(state, edge_scores(state))
    assert paths <= set(live_edges(state))
    assert reached_outputs(only(state, paths)).tolist() == reached_outputs(state).tolist()


def test_path_with_the_strongest_weakest_edge_is_taken() -> None:
    state = random_network(1, 2, 1)
    scores = [np.array([[9.0, 2.0]]), np.array([[1.0], [3.0]])]
    assert strongest_paths(state, scores) == {(0, 0, 1), (1, 1, 0)}


def test_path_to_a_product_takes_every_factor() -> None:
    state = with_products()
    for node in (0, 1, 2):
        state = prune_node(state, 0, node)
    paths = strongest_paths(state, edge_scores(state))
    assert {target for layer, _, target in paths if layer == 0} == {4, 5, 6}


def test_edges_without_a_score_still_make_a_path() -> None:
    state = random_network(1, 1, 1)
    assert strongest_paths(state, [np.zeros((1, 1)), np.zeros((1, 1))]) == {(0, 0, 0), (1, 0, 0)}


def test_severed_output_has_no_path() -> None:
    state = prune_edges(random_network(2, 2), [(0, 0, 1), (0, 1, 1)])
    assert reached_outputs(state).tolist() == [True, False]
    assert {target for _, _, target in strongest_paths(state, edge_scores(state))} == {0}


def test_nodes_that_lead_nowhere_lose_their_edges_layer_by_layer() -> None:
    # Without its only way out h0 of the second layer goes, and then h1 of the first, which led to it alone.
    state = random_network(1, 2, 2, 1)
    state = prune_edges(state, [(2, 0, 0), (1, 1, 1)])
    assert live_edges(without_dead_nodes(state)) == [(0, 0, 0), (1, 0, 1), (2, 1, 0)]


def test_product_with_a_factor_that_nothing_enters_goes_as_a_whole() -> None:
    state = with_products()
    cut = prune_edges(state, [(0, source, 5) for source in range(3)])
    assert live_edges(without_dead_nodes(cut)) == live_edges(prune_node(state, 0, 3))


def test_network_without_dead_nodes_stays_the_same() -> None:
    state = prune_edge(with_products(), 0, 0, 0)
    assert without_dead_nodes(state) is state


def test_live_edges_of_a_dead_output_stay() -> None:
    state = random_network(1, 2)
    layer = state.layers[0]
    state = replace(state, layers=(replace(layer, mask=np.array([[1.0, 0.0]])),))
    assert without_dead_nodes(state) is state
