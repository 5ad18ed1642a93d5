"""What the journal keeps of a network is the network."""

import pytest
import torch

from kan.config import NetworkConfig
from kan.journal import Journal
from kan.network import Kan
from kan.stages.work import Work, pack_network, unpack_network
from tests.kan.training import a_problem, randomised, uniform

NETWORKS = {
    "plain": lambda: Kan([2, 3, 1], grid=4, degree=2, base="zero"),
    "products": lambda: Kan([2, 3, 1], grid=4, degree=2, products=[(2, 3), (2,)]),
}


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
