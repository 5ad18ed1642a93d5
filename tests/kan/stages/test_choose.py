"""The choice of a shape: a sum needs no hidden layer, a product does; ties go to the simple one."""

import pytest
import torch

from kan.config import Choose, NetworkConfig
from kan.cost import LARGEST_LM_PARAMETERS
from kan.journal import Journal
from kan.network import Kan
from kan.stages.choose import PENALTIES, Trial, candidates_of, choose, held_losses, preferred
from kan.stages.members import Candidate
from kan.stages.work import Work
from tests.kan.training import a_problem, finish, uniform

X = uniform(300, 2)


def noise(size: float) -> torch.Tensor:
    return size * torch.randn(300, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def chosen(y: torch.Tensor, degree: int = 3) -> Work:
    return finish(choose(Work(a_problem(X, y), NetworkConfig((), 5, degree)), Choose((0, 2), (4,), 1), Journal(), "c"))


def test_product_gets_a_hidden_layer() -> None:
    work = chosen(3 * X[:, :1] * X[:, 1:] + noise(0.02))
    assert work.candidate is not None
    assert work.candidate.hidden == 2
    assert work.config == NetworkConfig((2,), 4, 3, "zero")


def test_noisy_sum_stays_additive() -> None:
    work = chosen(torch.sin(3 * X[:, :1]) + X[:, 1:] + noise(0.3), degree=2)
    assert work.config == NetworkConfig((), 4, 2, "zero")
    assert len(work.members) == 1


def test_every_hidden_shape_is_tried_with_every_penalty() -> None:
    found = candidates_of(Choose((0, 3), (4, 6), 1), 2)
    assert [(c.hidden, c.grid) for c in found if c.hidden == 0] == [(0, 4), (0, 6)]
    assert sorted({c.penalty for c in found if c.hidden == 3}) == sorted(PENALTIES)
    assert {c.degree for c in found} == {2}


def trial(hidden: int, losses: list[float]) -> Trial:
    return Trial(Candidate(hidden, 5), {0: Kan([1, 1])}, torch.tensor(losses, dtype=torch.float64))


@pytest.mark.parametrize(
    ("additive", "hidden", "expected"),
    [([1.0, 1.0, 1.0], [0.5, 0.5, 0.5], 5), ([1.0, 1.0, 1.0], [2.0, 0.0, 0.9], 0), ([1.0, 1.0], [1.0, 1.0], 0)],
    ids=["clearly worse", "within an error", "equal"],
)
def test_additive_network_wins_within_one_standard_error(
    additive: list[float], hidden: list[float], expected: int
) -> None:
    assert preferred(trial(0, additive), trial(5, hidden)).candidate.hidden == expected


def test_losses_are_those_of_the_mean_of_the_members_that_held_a_row_out() -> None:
    problem = a_problem(X, X[:, :1])
    members = {number: Kan([2, 2, 1], seed=number) for number in (0, 1, 5)}
    first, second = problem.fold(0), problem.fold(1)
    with torch.no_grad():
        both = (members[0](X[first]) + members[5](X[first])) / 2
        expected = [both - X[first, :1], members[1](X[second]) - X[second, :1]]
    torch.testing.assert_close(held_losses(problem, members), 0.5 * torch.cat(expected).square().sum(1))


def test_table_too_wide_for_a_matrix_of_parameters_is_fitted_too() -> None:
    x = uniform(40, LARGEST_LM_PARAMETERS // 8 + 10)
    problem = a_problem(x, x[:, :1])
    run = choose(Work(problem, NetworkConfig()), Choose((0,), (5,), 1), Journal(), "c")
    step = next(run)
    run.close()
    assert step.train_loss > 0
