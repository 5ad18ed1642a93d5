"""The bowl against differences of the penalty; the optimizer makes both smaller and resumes to the bits."""

import pytest
import torch

from kan.config_sparsity import Sparsity
from kan.jacobian import parameter_vector, set_parameters
from kan.losses import SquaredError
from kan.network import Kan
from kan.optimizers.sparse import SparseLevenbergMarquardt, sparsity_bowl
from kan.penalty import edge_blocks, parameter_blocks
from kan.sparsity import FLOOR, edge_sizes, layer_rows, sparsity, sparsity_terms
from tests.kan.kernels.cpu.definition import with_everything
from tests.kan.networks import rows_for
from tests.kan.training import randomised, uniform

EVERY_TERM = Sparsity(0.1, 1.0, 2.0, 0.5, 0.3)


def everything() -> tuple[Kan, torch.Tensor, torch.Tensor]:
    """A network of products, categories and formulas, its rows and the spreads of its targets."""
    state = with_everything()
    targets = torch.linspace(0.5, 2.0, state.widths[-1], dtype=torch.float64)
    return Kan.from_state(state), torch.from_numpy(rows_for(state, 200)), targets


def test_gradient_is_that_of_the_penalty_and_not_zero() -> None:
    network, x, targets = everything()
    rows, at = layer_rows(network, x), parameter_vector(network)

    def penalty(weights: torch.Tensor) -> float:
        copy = Kan.from_state(network.state())
        set_parameters(copy, weights)
        layers = [layer.weights.detach() for layer in copy.kan_layers]
        return float(sparsity_terms(copy, edge_sizes(copy, rows, layers, targets, FLOOR)).total(EVERY_TERM))

    bowl = sparsity_bowl(network, x, targets, EVERY_TERM)
    assert bowl.value == penalty(at)
    constants = torch.cat([block.constants.flatten() for block in edge_blocks(network)])
    assert not bowl.gradient[constants].any()
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        direction = torch.randn(len(at), generator=generator, dtype=torch.float64)
        direction[constants] = 0.0
        step = 1e-6 * direction
        slope = (penalty(at + step) - penalty(at - step)) / 2e-6
        assert slope == pytest.approx(float(bowl.gradient @ direction), rel=1e-4)
        assert abs(slope) > 1e-4


def test_bowl_is_one_and_stays_within_the_blocks_of_edges() -> None:
    network, x, targets = everything()
    curvature = sparsity_bowl(network, x, targets, EVERY_TERM).curvature
    torch.testing.assert_close(curvature, curvature.T)
    assert float(torch.linalg.eigvalsh(curvature)[0]) > -1e-12
    outside = curvature.clone()
    for block in parameter_blocks(network):
        outside[block[:, :, None], block[:, None, :]] = 0.0
    assert curvature.any()
    assert not outside.any()


def test_edge_that_the_penalty_shrinks_has_its_minimum_where_it_is_zero() -> None:
    network, x = randomised(Kan([2, 1], grid=3, base="zero")), uniform(300, 2)
    bowl = sparsity_bowl(network, x, torch.ones(1, dtype=torch.float64), Sparsity(0.1, 1.0, 0.0))
    block = next(iter(edge_blocks(network))).whole
    for edge in block.flatten(0, 1):
        inner, at = bowl.curvature[edge[:, None], edge], bowl.at[edge]
        # An edge is nothing where it is constant: these are the directions without curvature.
        torch.testing.assert_close(inner @ at, bowl.gradient[edge], rtol=1e-5, atol=1e-12)


def test_pruned_edges_have_no_part_in_it() -> None:
    network, x = randomised(Kan([2, 2, 1])), uniform(100, 2)
    network.kan_layers[0].mask[1] = 0.0
    bowl = sparsity_bowl(network, x, torch.ones(1, dtype=torch.float64), EVERY_TERM)
    gone = next(iter(edge_blocks(network))).whole[1]
    assert not bowl.gradient[gone].any()
    assert not bowl.curvature[gone].any()
    assert bool(bowl.gradient.isfinite().all())


X = uniform(150, 3)
Y = torch.sin(3 * X[:, :1]) + 0.1 * uniform(150, 1, seed=5)


def optimizer_of(network: Kan, lamb: float = 0.01) -> SparseLevenbergMarquardt:
    count = len(parameter_vector(network))
    penalty = 1e-12 * torch.eye(count, dtype=torch.float64)
    return SparseLevenbergMarquardt(network, SquaredError(), X, Y, penalty=penalty, factors=Sparsity(lamb))


def test_steps_make_loss_and_penalty_smaller_together() -> None:
    network = Kan([3, 3, 1], grid=3)
    optimizer = optimizer_of(network)
    steps = [optimizer.step() for _ in range(60)]
    totals = [step.loss + step.penalty for step in steps]
    assert totals[-1] < 0.5 * totals[0]
    spread = Y.std(0, correction=0)
    assert steps[-1].penalty == float(sparsity(network, X, spread).total(Sparsity(0.01)))
    plain = Kan([3, 3, 1], grid=3)
    unpenalised = optimizer_of(plain, lamb=1e-9)
    for _ in range(60):
        unpenalised.step()
    assert float(sparsity(network, X, spread).l1) < 0.8 * float(sparsity(plain, X, spread).l1)


@pytest.mark.parametrize("done", [3, 4, 5])
def test_snapshot_goes_on_to_the_same_bits(done: int) -> None:
    network = Kan([3, 2, 1], grid=3)
    optimizer = optimizer_of(network)
    for _ in range(done):
        optimizer.step()
    snapshot = {key: value.clone() for key, value in optimizer.snapshot().items()}
    expected = [optimizer.step() for _ in range(6)]
    other = Kan([3, 2, 1], grid=3, seed=4)
    again = optimizer_of(other)
    again.restore(snapshot)
    assert [again.step() for _ in range(6)] == expected
    assert torch.equal(parameter_vector(other), parameter_vector(network))


def test_recovering_takes_the_penalty_of_the_weights_it_finds() -> None:
    network = Kan([3, 2, 1], grid=3)
    optimizer = optimizer_of(network)
    first = parameter_vector(network)
    for _ in range(2):
        optimizer.step()
    set_parameters(network, first)
    optimizer.recover()
    step = optimizer.step()
    assert step.loss + step.penalty <= optimizer_of(Kan([3, 2, 1], grid=3)).step().loss + 1.0
    assert step.penalty == float(sparsity(network, X, Y.std(0, correction=0)).total(Sparsity(0.01)))
