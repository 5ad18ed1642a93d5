"""Fitting stages: starts compare, a fit keeps the best held weights, a refit sees every row."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kan.checkpoint import dump, load
from kan.config import Extend, Fit, MoveGrid, NetworkConfig, Refine, Refit, Stage, Starts
from kan.config_constraints import Constraint
from kan.config_sparsity import Prune
from kan.constraints import with_kept_shapes
from kan.errors import InvalidConfig
from kan.journal import Journal
from kan.losses import CrossEntropy
from kan.network import Kan
from kan.optimizers.gauss_newton import network_outputs
from kan.predictor import edge_values
from kan.prune import live_edges
from kan.split import Part
from kan.stages.fit import Fitted, fit, fresh_network, judge_every, make_optimizer, refit, with_network
from kan.stages.recipe import run_recipe
from kan.stages.starts import starts, validation_loss
from kan.stages.work import Work, held_loss, pack, unpack
from kan.table_training import TableResult
from kan.train import Outcome
from tests.kan.training import Table, a_problem, a_task, finish, trained, uniform

X = uniform(150, 2)
Y = torch.sin(3 * X[:, :1]) * X[:, 1:]
WORK = Work(a_problem(X, Y), NetworkConfig((3,), 3))
GENERATOR = torch.Generator().manual_seed(1)


def test_fit_learns_and_keeps_outputs_of_the_held_rows() -> None:
    work = finish(fit(WORK, Fit(steps=40), Journal(), "f"))
    assert work.network is not None
    assert work.held_out is not None
    assert torch.equal(work.held_out, network_outputs(work.network, X[WORK.problem.validation]))
    assert held_loss(work) == validation_loss(work, work.network)
    assert held_loss(work) < 0.02 * float(Y.var())


def test_fit_does_not_change_the_network_it_starts_from() -> None:
    first = finish(fit(WORK, Fit(steps=3), Journal(), "f"))
    assert first.network is not None
    before = first.network(X)
    finish(fit(first, Fit(steps=5), Journal(), "g"))
    assert torch.equal(first.network(X), before)


def test_update_grid_lays_the_knots_of_a_new_network_over_the_data_or_leaves_them_from_minus_one_to_one() -> None:
    def hidden_range(fitted: Work) -> tuple[float, float]:
        assert fitted.network is not None
        layer = fitted.network.kan_layers[1]
        return float(layer.knots[0, layer.degree]), float(layer.knots[0, -layer.degree - 1])

    as_built = finish(fit(WORK, Fit(steps=1, update_grid=False), Journal(), "f"))
    assert hidden_range(as_built) == (-1.0, 1.0)
    laid = hidden_range(finish(fit(WORK, Fit(steps=1), Journal(), "f")))
    assert laid != (-1.0, 1.0)
    gone_on = finish(fit(as_built, Fit(steps=1), Journal(), "g"))
    assert hidden_range(gone_on) == (-1.0, 1.0)


def test_patience_ends_a_fit_on_noise_early() -> None:
    noise = torch.randn(150, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    work = finish(fit(Work(a_problem(X, noise), NetworkConfig((4,), 5)), Fit(steps=200, patience=5), Journal(), "f"))
    assert work.outcome is Outcome.EARLY_STOPPED


def test_mini_batches_are_judged_so_seldom_that_judging_is_cheap() -> None:
    network = fresh_network(WORK, start=0)
    batches = make_optimizer(WORK, network, Fit(optimizer="adam", batch_size=10), WORK.problem.train)
    assert judge_every(batches, 1000) == 50
    assert judge_every(batches, 15) == 1
    assert judge_every(make_optimizer(WORK, network, Fit(optimizer="lm"), WORK.problem.train), 1000) == 1


def test_starts_keep_the_best_of_their_tries() -> None:
    several = finish(starts(WORK, Starts(count=3, steps=10), Journal(), "s"))
    one = finish(starts(WORK, Starts(count=1, steps=10), Journal(), "s"))
    assert held_loss(several) <= held_loss(one)


STARTS = Starts(count=2, steps=10)


def pieces_of(count: int, y: torch.Tensor, hidden: tuple[int, ...] = (3,)) -> set[int]:
    """The numbers of the starts that a stage of `count` starts really ran."""
    journal, run = Journal(), set()
    work = Work(a_problem(X, y), NetworkConfig(hidden, 4))
    stage = starts(work, Starts(count=count, steps=30), journal, "s")
    for _ in stage:
        run |= {int(name.rsplit("/", 2)[1]) for name in journal.finished_under("s")}
    return run


def test_a_start_that_explains_nearly_everything_ends_the_starts() -> None:
    smooth = X[:, :1] + X[:, 1:] ** 2
    noise = torch.randn(150, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert pieces_of(6, smooth) == {0}
    assert pieces_of(6, smooth + noise) == {0, 1, 2, 3, 4, 5}


def test_network_without_hidden_layer_has_one_start() -> None:
    assert pieces_of(6, Y, hidden=()) == {0}


def test_starts_try_a_finer_grid_where_the_coarse_one_sees_nothing() -> None:
    # Two intervals for four periods.
    x = uniform(200, 1)
    work = Work(a_problem(x, torch.sin(4 * torch.pi * x)), NetworkConfig((), 2))
    found = finish(starts(work, STARTS, Journal(), "s"))
    assert found.config.grid in (8, 32)
    assert held_loss(found) < 0.01


def test_starts_on_noise_keep_the_coarse_grid() -> None:
    x, noise = uniform(100, 1), torch.randn(100, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = finish(starts(Work(a_problem(x, noise), NetworkConfig((), 4)), STARTS, Journal(), "s"))
    assert found.config.grid == 4


def test_no_start_goes_on_without_a_penalty_where_there_is_noise() -> None:
    noise = torch.randn(150, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    noisy = finish(starts(Work(a_problem(X, Y + noise), NetworkConfig((3,), 4)), STARTS, Journal(), "s"))
    assert noisy.slope >= 3e-6
    assert noisy.curvature == 0.1 * noisy.slope
    plain = Work(a_problem(X, X[:, :1] + X[:, 1:] ** 2), NetworkConfig((3,), 4))
    assert finish(starts(plain, Starts(count=2, steps=60), Journal(), "s")).slope == 0.0


def test_constant_target_is_learnt_on_the_coarse_grid() -> None:
    work = Work(a_problem(X, torch.zeros(len(X), 1, dtype=torch.float64)), NetworkConfig((2,), 4))
    assert pieces_of(2, torch.zeros(len(X), 1, dtype=torch.float64)) <= {0, 1}
    assert finish(starts(work, STARTS, Journal(), "s")).config.grid == 4


def test_default_penalty_does_not_hold_the_error_of_a_smooth_function() -> None:
    x = uniform(400, 1)
    wave = torch.sin(3 * x)
    work = finish(fit(Work(a_problem(x, wave), NetworkConfig((), 40)), Fit(), Journal(), "f"))
    # A curvature of 1e-9 leaves 8e-11, one of 1e-11 1.5e-13.
    assert held_loss(work) < 1e-13


def test_refit_learns_from_the_validation_rows_but_keeps_the_honest_outputs() -> None:
    work = finish(fit(WORK, Fit(steps=10), Journal(), "f"))
    again = finish(refit(work, Refit(steps=10), Journal(), "r"))
    assert work.network is not None
    assert again.network is not None
    assert again.held_out is work.held_out
    assert not torch.equal(again.network(X), work.network(X))


def test_other_starts_have_other_weights_and_the_same_start_the_same() -> None:
    first, same, other = (fresh_network(WORK, start) for start in (0, 0, 1))
    assert torch.equal(first(X), same(X))
    assert not torch.equal(first(X), other(X))


def test_classes_are_learnt_to_their_borders() -> None:
    labels = (X[:, 0] * X[:, 1] > 0).to(torch.int64)
    problem = a_problem(X, labels, loss=CrossEntropy(), outputs=2)
    work = finish(starts(Work(problem, NetworkConfig((2,), 3)), Starts(1, 30), Journal(), "s"))
    assert work.network is not None
    assert float((network_outputs(work.network, X).argmax(1) == labels).double().mean()) > 0.93


def test_packed_work_is_unpacked_to_the_same_bits() -> None:
    work = finish(fit(WORK, Fit(steps=3), Journal(), "f"))
    assert work.network is not None
    back = unpack(WORK, pack(work))
    assert back.network is not None
    assert torch.equal(back.network(X), work.network(X))
    assert back.network.config == work.network.config
    assert (back.outcome, back.curvature, back.slope) == (work.outcome, work.curvature, work.slope)


def a_sparse_table(scale: float = 1.0, test_value: float = 0.0) -> Table:
    """Y = sin(3 x1) + x2^2 with two columns of noise; the last 100 of 400 rows are for the test."""
    x = uniform(400, 4).numpy()
    y = scale * (np.sin(3 * x[:, 0]) + x[:, 1] ** 2)
    y[300:] += test_value
    return {**{f"x{i + 1}": x[:, i] for i in range(4)}, "y": y}


def sparse(table: Table) -> TableResult:
    parts = np.repeat(np.array([Part.TRAIN, Part.VALIDATION, Part.TEST], dtype=np.uint8), [240, 60, 100])
    recipe = (Fit(lamb=1e-3, steps=80), Prune(), Fit(steps=30))
    inputs = ("x1", "x2", "x3", "x4")
    return trained(table, a_task(recipe, inputs=inputs, config=NetworkConfig((5,), 5), parts=parts))


def test_sparse_fit_and_pruning_leave_what_the_target_depends_on() -> None:
    result = sparse(a_sparse_table())
    live = live_edges(result.state)
    assert {source for layer, source, _ in live if layer == 0} == {0, 1}
    # x1 and x2 into one node and on to the output is all that there is.
    assert len(live) <= 5
    test = result.metrics["test"]
    assert test is not None
    assert test["r2"] is not None
    assert test["r2"] > 0.99


def test_unit_of_the_target_leaves_the_same_edges() -> None:
    assert live_edges(sparse(a_sparse_table(scale=1000.0)).state) == live_edges(sparse(a_sparse_table()).state)


def test_test_rows_change_no_number_of_a_sparse_network() -> None:
    one, other = sparse(a_sparse_table()), sparse(a_sparse_table(test_value=5.0))
    assert dump(one.state) == dump(other.state)
    assert one.metrics["test"] != other.metrics["test"]


def test_penalty_is_told_apart_from_the_validation_loss() -> None:
    steps = list(fit(WORK, Fit(steps=5, lamb=10.0), Journal(), "f"))
    assert all(step.validation_loss is not None and step.validation_loss < 5.0 for step in steps)


def test_sparse_classes_and_several_targets_leave_their_inputs() -> None:
    x = uniform(300, 4)
    labels = (x[:, 0] + 0.3 * uniform(300, 1, seed=7)[:, 0] > 0).long()
    classes = Work(a_problem(x, labels, loss=CrossEntropy(), outputs=2), NetworkConfig((3,), 3))
    targets = Work(a_problem(x, torch.cat([x[:, :1] ** 2, x[:, 2:3]], 1), outputs=2), NetworkConfig((3,), 3))
    # The borders of classes are noisy, the functions are not.
    for work, lamb, inputs in ((classes, 3e-2, {0}), (targets, 1e-2, {0, 2})):
        less = finish(run_recipe(work, (Fit(lamb=lamb), Prune(edge_threshold=0.1)), Journal())).network
        assert less is not None
        assert {source for layer, source, _ in live_edges(less.state()) if layer == 0} == inputs


def test_constraints_hold_after_fit_and_refit() -> None:
    rising, nothing = Constraint(0, 0, 0, "increasing"), Constraint(0, 1, 0, "zero")
    recipe = (Fit(steps=20, constraints=(rising, nothing)), Refit(steps=5))
    network = finish(run_recipe(WORK, recipe, Journal())).network
    assert network is not None
    state = network.state()
    assert network.constraints == (rising,)
    assert with_kept_shapes(state) is state
    assert (0, 1, 0) not in live_edges(state)


@pytest.mark.parametrize(
    "stages",
    [
        (Fit(steps=8),),
        (Refit(steps=5),),
        (Refine(7, exact=False), Fit(steps=3)),
        (Refine(5, exact=False),),
        (MoveGrid(),),
        (Extend(max_grid=6, steps=5),),
        (Prune(edge_threshold=0.0), Fit(steps=3)),
    ],
    ids=lambda stages: "+".join(stage.stage for stage in stages),
)
def test_network_from_a_file_keeps_its_shapes_in_whatever_training(stages: tuple[Stage, ...]) -> None:
    shapes = (Constraint(0, 0, 0, "increasing"), Constraint(1, 1, 0, "concave"))
    first = finish(fit(WORK, Fit(steps=10, constraints=shapes), Journal(), "f")).network
    assert first is not None
    start = with_network(WORK, Fitted(Kan.from_state(load(dump(first.state())))))
    # With noise, so that an edge that is free would take another shape.
    work = replace(start, problem=replace(WORK.problem, y=Y + torch.randn(Y.shape, generator=GENERATOR)))
    network = finish(run_recipe(work, stages, Journal())).network
    assert network is not None
    assert network.constraints == shapes
    state = network.state()
    assert with_kept_shapes(state) is state
    x = np.linspace(-3, 3, 1001)
    edges = edge_values(state.layers[0], 0, x)[:, 0], -np.diff(edge_values(state.layers[1], 1, x)[:, 0])
    assert all(np.diff(edge).min() >= -1e-10 * np.abs(edge).max() for edge in edges)


def test_constraints_that_a_stage_names_take_the_place_of_those_that_were_kept() -> None:
    recipe = (Fit(steps=2, constraints=(Constraint(0, 0, 0, "convex"),)), Fit(steps=2, constraints=()))
    network = finish(run_recipe(WORK, recipe, Journal())).network
    assert network is not None
    assert network.constraints == ()


@pytest.mark.parametrize(("settings", "field"), [(Fit(lamb=0.1), "lamb"), (Fit(optimizer="adam"), "optimizer")])
def test_what_would_not_keep_a_shape_is_refused(settings: Fit, field: str) -> None:
    first = finish(fit(WORK, Fit(steps=2, constraints=(Constraint(0, 0, 0, "convex"),)), Journal(), "f"))
    with pytest.raises(InvalidConfig) as refused:
        finish(fit(first, settings, Journal(), "g"))
    assert refused.value.field == field
