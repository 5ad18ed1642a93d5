"""The prune stage: scores of the training rows, losses of the validation rows, honest held-out outputs."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kan.config import Average, Extend, Fit, MoveGrid, NetworkConfig, Refine, Refit
from kan.config_sparsity import Prune
from kan.errors import InvalidConfig
from kan.importance import edge_scores
from kan.journal import Journal
from kan.losses import CrossEntropy
from kan.network import Kan
from kan.optimizers.gauss_newton import network_outputs
from kan.prune import live_edges, pruned_edges
from kan.stages.fit import fit
from kan.stages.prune import metric_loss, prune
from kan.stages.recipe import run_recipe
from kan.stages.work import Work, held_loss
from kan.state import EdgeFormula
from tests.kan.training import a_problem, a_table, a_task, finish, trained, uniform

X = uniform(200, 3)
Y = torch.sin(3 * X[:, :1])
WORK = Work(a_problem(X, Y), NetworkConfig((), 5))


def fitted(work: Work = WORK, steps: int = 20) -> Work:
    return finish(fit(work, Fit(steps=steps), Journal(), "f"))


def after(stage: Prune, work: Work) -> Work:
    return finish(prune(work, stage, Journal(), "p"))


def live(work: Work) -> list[tuple[int, int, int]]:
    assert work.network is not None
    return live_edges(work.network.state())


def test_edges_without_a_share_of_the_output_go_and_the_function_stays() -> None:
    work = fitted()
    less = after(Prune(), work)
    assert live(less) == [(0, 0, 0)]
    assert held_loss(less) < held_loss(work) + 1e-6


def test_thresholds_are_those_of_the_scores_on_the_training_rows() -> None:
    work = fitted(replace(WORK, problem=a_problem(X, X[:, :1] + 0.5 * X[:, 1:2] + 0.2 * X[:, 2:])))
    assert work.network is not None
    scores = edge_scores(work.network.state(work.problem.at(work.problem.train)[0]))[0][:, 0]
    between = float(np.sort(scores)[1]) + 1e-9
    assert live(after(Prune(edge_threshold=between), work)) == [(0, int(scores.argmax()), 0)]


def test_bound_is_kept_on_the_validation_rows_and_used() -> None:
    y = X[:, :1] + 0.1 * X[:, 1:2] + 0.01 * X[:, 2:]
    work = fitted(replace(WORK, problem=a_problem(X, y)))
    # Of the variance they hold about 1 in 100 and 1 in 10,000.
    assert len(live(after(Prune(max_metric_loss=0.1), work))) == 1
    assert len(live(after(Prune(max_metric_loss=0.001), work))) == 2
    assert len(live(after(Prune(max_metric_loss=0.0), work))) == 3


def test_loss_of_numbers_is_one_minus_the_mean_r2_with_what_was_held_out_added() -> None:
    y = np.array([[0.0, 10.0], [1.0, 20.0], [2.0, 60.0]])
    outputs, seen = y + np.array([[1.0, 0.0]]), np.full((3, 2), 0.5)
    # Squared errors 1.5^2 and 0.5^2 against variances 2/3 and 1400/3.
    expected = (2.25 / (2 / 3) + 0.25 / (1400 / 3)) / 2
    assert metric_loss(WORK.problem, seen)(outputs, y) == pytest.approx(expected, rel=1e-12)


def test_classes_lose_log_loss() -> None:
    labels = (X[:, 0] > 0).long()
    work = fitted(Work(a_problem(X, labels, loss=CrossEntropy(), outputs=2), NetworkConfig((), 3)))
    less = after(Prune(max_metric_loss=0.05), work)
    assert {source for _, source, _ in live(less)} == {0}
    assert held_loss(less) <= held_loss(work) + 0.05 + 1e-12


def test_every_output_keeps_a_path_whatever_the_threshold() -> None:
    work = fitted(Work(a_problem(X, torch.cat([Y, X[:, 1:2]], 1), outputs=2), NetworkConfig((3,), 3)))
    assert {target for layer, _, target in live(after(Prune(edge_threshold=1e9), work)) if layer == 1} == {0, 1}


def test_held_out_outputs_change_by_what_pruning_changes() -> None:
    """After an average they are those of some members, so that the network's own would flatter it."""
    work = fitted()
    assert work.held_out is not None
    honest = replace(work, held_out=work.held_out + 0.25)
    less = after(Prune(), honest)
    assert less.network is not None
    assert less.held_out is not None
    own = network_outputs(less.network, X[work.problem.validation])
    torch.testing.assert_close(less.held_out, own + 0.25)


def test_nothing_to_prune_before_something_was_trained() -> None:
    with pytest.raises(InvalidConfig):
        after(Prune(), WORK)


@pytest.mark.parametrize("base", ["silu", "zero"])
def test_pruned_edges_stay_pruned_in_all_later_stages(base: str) -> None:
    y = torch.sin(3 * X[:, :1]) + X[:, 1:2] ** 2
    work = Work(a_problem(X, y), NetworkConfig((4,), 3, base=base))
    begin = (Fit(steps=20), Prune(node_threshold=0.3, edge_threshold=0.3))
    gone = finish(run_recipe(work, begin, Journal()))
    later = (MoveGrid(), Fit(steps=3), Refine(6), Extend(12, 3), Refit(3))
    done = finish(run_recipe(work, [*begin, *later], Journal()))
    assert gone.network is not None
    assert done.network is not None
    assert len(pruned_edges(gone.network.state())) > 4
    assert pruned_edges(done.network.state()) == pruned_edges(gone.network.state())


def test_average_is_pruned_as_one_network() -> None:
    work = Work(a_problem(X, Y), NetworkConfig((2,), 3))
    done = finish(run_recipe(work, (Average(members=2), Prune()), Journal()))
    assert not done.members
    assert done.network is not None
    assert {source for layer, source, _ in live(done) if layer == 0} == {0}


def test_products_categories_and_formulas_are_pruned_too() -> None:
    x = torch.cat([uniform(200, 2), (torch.arange(200) % 3)[:, None].double()], 1)
    y = x[:, :1] * x[:, 1:2]
    problem = a_problem(x, y, input_levels=(None, None, 3))
    network = Kan([3, 2, 1], grid=3, products=[(2,), ()], input_levels=(None, None, 3))
    network.kan_layers[1].put_formulas([EdgeFormula(1, 0, "x", 1.0, 1.0, 0.0, 0.0)])
    work = fitted(Work(problem, network.config, network), steps=60)
    less = after(Prune(edge_threshold=0.05), work)
    assert less.network is not None
    assert less.network.products == [(2,), ()]
    layer = less.network.state().layers[0]
    assert not layer.live[2].any()
    assert layer.live[:, 1:].sum() >= 2
    assert held_loss(less) < 0.02 * float(y.var())


def test_what_was_pruned_stands_in_the_networks_origin() -> None:
    recipe = (Fit(steps=20), Prune(edge_threshold=0.5))
    state = trained(a_table(), a_task(recipe, config=NetworkConfig((), 3))).state
    gone = state.origin["pruned"]
    assert gone == [list(edge) for edge in pruned_edges(state)]
    assert gone
    whole = trained(a_table(), a_task(recipe[:1], config=NetworkConfig((), 3))).state
    assert "pruned" not in whole.origin
