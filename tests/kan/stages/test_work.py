"""What the journal keeps of a network is the network; what it learnt of the validation rows never counts for it."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from kan.config import Extend, Fit, MoveGrid, NetworkConfig, Refine, Refit, Stage
from kan.config_sparsity import Prune
from kan.config_symbolic import Symbolify
from kan.journal import Journal
from kan.network import Kan
from kan.optimizers.gauss_newton import network_outputs
from kan.stages.fit import fit
from kan.stages.recipe import run_recipe
from kan.stages.starts import validation_loss
from kan.stages.work import Work, held_loss, pack_network, unlearnt, unpack_network
from kan.state import EdgeFormula, EdgeShape, NetworkState
from tests.kan.training import a_problem, finish, randomised, uniform

NETWORKS = {
    "plain": lambda: Kan([2, 3, 1], grid=4, degree=2, base="zero"),
    "formulas and products": lambda: Kan.from_state(formulas_and_products()),
    "written functions": lambda: Kan.from_state(formulas_and_products("x*exp(-x)", "1/(x**2 + 1)")),
    "products": lambda: Kan([2, 3, 1], grid=4, degree=2, products=[(2, 3), (2,)]),
}

X = uniform(150, 2)
WORK = Work(a_problem(X, torch.sin(3 * X[:, :1]) * X[:, 1:]), NetworkConfig((3,), 3))


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


def before_and_after(stage: Stage) -> tuple[Work, Kan, Tensor, Work, Kan]:
    """The work and its network after a refit, what the validation rows taught it, and both after one more stage."""
    learnt = (Fit(steps=25), Refit(steps=20))
    before, after = (finish(run_recipe(WORK, recipe, Journal())) for recipe in (learnt, (*learnt, stage)))
    assert before.network is not None
    assert after.network is not None
    taught = unlearnt(before, before.network)
    assert float(taught.abs().max()) > 1e-3
    return before, before.network, taught, after, after.network


@pytest.mark.parametrize("stage", [Refine(6), MoveGrid(), Prune()])
def test_what_a_refit_taught_of_the_validation_rows_stays_out_of_the_held_out_outputs(stage: Stage) -> None:
    _, _, taught, after, network = before_and_after(stage)
    torch.testing.assert_close(unlearnt(after, network), taught, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("stage", [Extend(max_grid=6), Fit(steps=3), Symbolify(("x",), r2_threshold=1.0)])
def test_after_a_stage_that_trains_on_the_harder_judgement_counts(stage: Stage) -> None:
    """A refit knows the validation rows: the network's own loss there is far less than the honest one."""
    before, network, taught, after, trained = before_and_after(stage)
    assert validation_loss(before, network) < 0.1 * held_loss(before)
    x, _ = WORK.problem.at(WORK.problem.validation)
    changed = held_loss(replace(after, held_out=network_outputs(trained, x) + taught))
    assert held_loss(after) == pytest.approx(max(validation_loss(after, trained), changed), rel=1e-9)


def test_held_out_outputs_that_are_not_finite_give_way_to_those_of_the_next_network() -> None:
    first = finish(fit(WORK, Fit(steps=3), Journal(), "f"))
    assert first.held_out is not None
    second = finish(fit(replace(first, held_out=first.held_out * torch.inf), Fit(steps=3), Journal(), "g"))
    assert second.network is not None
    assert held_loss(second) == validation_loss(second, second.network)


def test_held_out_outputs_that_were_better_than_the_network_do_not_flatter_what_it_learns_next() -> None:
    first = finish(fit(WORK, Fit(steps=3), Journal(), "f"))
    _, targets = WORK.problem.at(WORK.problem.validation)
    second = finish(fit(replace(first, held_out=targets), Fit(steps=1), Journal(), "g"))
    assert second.network is not None
    assert held_loss(second) == validation_loss(second, second.network)
