"""What the journal keeps of a network is the network."""

from dataclasses import replace

import pytest
import torch

from kan.config import NetworkConfig
from kan.journal import Journal
from kan.network import Kan
from kan.stages.work import Work, pack_network, unpack_network
from kan.state import EdgeFormula, EdgeShape, NetworkState
from tests.kan.training import a_problem, randomised, uniform

NETWORKS = {
    "plain": lambda: Kan([2, 3, 1], grid=4, degree=2, base="zero"),
    "formulas and products": lambda: Kan.from_state(formulas_and_products()),
    "written functions": lambda: Kan.from_state(formulas_and_products("x*exp(-x)", "1/(x**2 + 1)")),
    "products": lambda: Kan([2, 3, 1], grid=4, degree=2, products=[(2, 3), (2,)]),
}


def formulas_and_products(live: str = "sin", aside: str = "exp") -> NetworkState:
    layers = []
    for layer in Kan([2, 3, 1], grid=4, degree=2, products=[(2, 3), (2,)]).state().layers:
        mask = layer.mask.copy()
        mask[0, 1] = mask[1, 0] = 0.0
        formula, pruned = EdgeFormula(0, 1, live, 0.1, 0.2, 0.3, 0.4), EdgeFormula(1, 0, aside, 1.5, 2.5, 3.5, 4.5)
        shapes = (EdgeShape(0, 0, "concave"),)
        layers.append(replace(layer, mask=mask, formulas=(formula,), pruned_formulas=(pruned,), shapes=shapes))
    return NetworkState(tuple(layers))


@pytest.mark.parametrize("name", NETWORKS)
def test_network_comes_back_from_the_journal_as_it_was(name: str) -> None:
    network, x = randomised(NETWORKS[name]()), uniform(30, 2)
    network.kan_layers[0].mask[0, 0] = 0.0
    journal = Journal()
    journal.finish("a", pack_network(network))
    tensors = Journal.from_bytes(journal.to_bytes()).get("a")
    assert tensors is not None
    work = Work(a_problem(x, uniform(30, 1)), NetworkConfig(degree=2))
    found = unpack_network(work, tensors)
    assert torch.equal(found(x), network(x))
    assert found.config == network.config
    for one, other in zip(found.state().layers, network.state().layers, strict=True):
        assert (one.formulas, one.pruned_formulas) == (other.formulas, other.pruned_formulas)
        assert one.shapes == other.shapes
