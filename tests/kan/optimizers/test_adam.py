"""AdamW's batches and steps: against torch.optim.Adam, and resumed to the same bits."""

import numpy as np
import pytest
import torch

from kan.jacobian import parameter_vector
from kan.losses import SquaredError
from kan.move_grid import move_grids
from kan.network import Kan
from kan.optimizers.adam import Adam
from kan.optimizers.gauss_newton import mean_loss
from kan.optimizers.objective import coarsest_arithmetic
from tests.kan.training import uniform

X = uniform(100, 2)
Y = torch.sin(3 * X[:, :1]) + X[:, 1:] ** 2


def adam(network: Kan, *, steps: int = 200, batch_size: int = 32, seed: int = 0) -> Adam:
    return Adam(network, SquaredError(), X, Y, steps=steps, batch_size=batch_size, learning_rate=0.01, seed=seed)


def test_loss_becomes_small() -> None:
    network = Kan([2, 3, 1])
    before = mean_loss(network, SquaredError(), X, Y)
    optimizer = adam(network)
    for _ in range(200):
        assert not optimizer.step().converged
    assert mean_loss(network, SquaredError(), X, Y) < 0.1 * before


def test_whole_batches_at_a_constant_rate_equal_torch_adam() -> None:
    ours, theirs = Kan([2, 3, 1]), Kan([2, 3, 1])
    # A cosine of a million steps is flat over the first ten.
    optimizer = adam(ours, steps=1_000_000, batch_size=len(X))
    reference = torch.optim.Adam(theirs.parameters(), lr=0.01)
    for _ in range(10):
        optimizer.step()
        reference.zero_grad()
        SquaredError().rows(theirs(X), Y).mean().backward()
        reference.step()
    # Ours takes gradients in float32: a move of 0.01 for each weight is right to about seven digits of the gradient.
    torch.testing.assert_close(parameter_vector(ours), parameter_vector(theirs), rtol=0, atol=1e-5)


def test_snapshot_put_back_repeats_the_same_bits_across_epochs() -> None:
    network = Kan([2, 3, 1])
    optimizer = adam(network)
    for _ in range(4):
        optimizer.step()
    snapshot = optimizer.snapshot()
    first = [optimizer.step() for _ in range(10)]
    end = parameter_vector(network)
    other = Kan([2, 3, 1], seed=7)
    again = adam(other)
    again.restore(snapshot)
    assert [again.step() for _ in range(10)] == first
    assert torch.equal(parameter_vector(other), end)


def test_snapshot_does_not_change_with_later_steps() -> None:
    optimizer = adam(Kan([2, 3, 1]))
    optimizer.step()
    snapshot = optimizer.snapshot()
    held = {name: value.clone() for name, value in snapshot.items()}
    optimizer.step()
    assert all(torch.equal(snapshot[name], value) for name, value in held.items())


def test_largest_seed_is_taken_and_the_global_generator_left_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    optimizer = adam(Kan([2, 3, 1]), seed=2**53 - 1)
    for _ in range(8):
        optimizer.step()
    assert torch.equal(torch.get_rng_state(), before)


def test_batch_larger_than_the_table_is_the_table() -> None:
    optimizer = adam(Kan([2, 3, 1]), batch_size=1_000)
    assert torch.isfinite(torch.tensor(optimizer.step().loss))


def test_float32_gradients_end_where_float64_gradients_end(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = []
    for arithmetic in (np.float32, np.float64):
        monkeypatch.setattr("kan.optimizers.adam.coarsest_arithmetic", lambda network, kind=arithmetic: kind)
        network = Kan([2, 3, 1])
        optimizer = adam(network, steps=600)
        for _ in range(600):
            optimizer.step()
        losses.append(mean_loss(network, SquaredError(), X, Y))
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_grid_far_from_zero_keeps_float64() -> None:
    network = Kan([2, 3, 1])
    assert coarsest_arithmetic(network) is np.float32
    move_grids(network, 1000 + X)
    assert coarsest_arithmetic(network) is np.float64
