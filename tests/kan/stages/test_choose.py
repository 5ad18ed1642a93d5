"""The choice of a shape: a sum needs no hidden layer, a product does; ties go to the simple one."""

import pytest
import torch

from kan.config import Choose, NetworkConfig
from kan.cost import LARGEST_LM_PARAMETERS
from kan.journal import Journal
from kan.losses import CrossEntropy
from kan.network import Kan
from kan.stages.choose import PENALTIES, Trial, candidates_of, choose, excess, held_losses, is_open, winner
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


def test_held_out_outputs_of_the_network_before_go_with_it() -> None:
    work = Work(a_problem(X, X[:, :1]), NetworkConfig((), 5), held_out=torch.zeros(60, 1))
    assert finish(choose(work, Choose((0,), (4,), 1), Journal(), "c")).held_out is None


def test_additive_network_and_the_widest_layer_are_tried_that_with_every_penalty() -> None:
    found = candidates_of(Choose((0, 2, 3), (4, 6), 1), a_problem(X, X[:, :1]), 2)
    assert [(c.hidden, c.grid) for c in found if c.hidden == 0] == [(0, 4), (0, 6)]
    assert {c.hidden for c in found} == {0, 3}
    assert sorted(c.penalty for c in found if c.hidden and c.grid == 4) == sorted(PENALTIES)
    assert {c.degree for c in found} == {2}


@pytest.mark.parametrize(
    ("rows", "hidden", "expected"),
    [(300, (0, 2, 8), {0, 8}), (100, (0, 2, 8), {0, 2}), (20, (0, 2, 8), {0}), (20, (8, 2), {2})],
)
def test_wider_layers_ask_for_as_many_rows_as_parameters(
    rows: int, hidden: tuple[int, ...], expected: set[int]
) -> None:
    problem = a_problem(X[:rows], X[:rows, :1])  # a hidden node has 3 * 8 parameters, four fifths of the rows train
    assert {c.hidden for c in candidates_of(Choose(hidden, (5,), 1), problem)} == expected


def test_classes_ask_for_twice_the_rows() -> None:
    classes = a_problem(X[:200], torch.arange(200) % 2, loss=CrossEntropy(), outputs=2)  # 4 * 8 parameters a node
    numbers = a_problem(X[:200], X[:200], outputs=2)
    assert {c.hidden for c in candidates_of(Choose((2, 4), (5,), 1), classes)} == {2}
    assert {c.hidden for c in candidates_of(Choose((2, 4), (5,), 1), numbers)} == {4}


def trial(hidden: int, losses: list[float], penalty: float = 0.0) -> Trial:
    return Trial(Candidate(hidden, 5, penalty), {0: Kan([1, 1])}, torch.tensor(losses, dtype=torch.float64))


@pytest.mark.parametrize(
    ("additive", "hidden", "expected"),
    [([1.0, 1.0, 1.0], [0.5, 0.5, 0.5], 5), ([1.0, 1.0, 1.0], [2.0, 0.0, 0.9], 0), ([1.0, 1.0], [1.0, 1.0], 0)],
    ids=["clearly worse", "within an error", "equal"],
)
def test_additive_network_wins_within_one_standard_error(
    additive: list[float], hidden: list[float], expected: int
) -> None:
    assert winner([trial(0, additive), trial(5, hidden)]).candidate.hidden == expected


def test_least_penalty_wins_within_one_standard_error() -> None:
    trials = [trial(5, [0.9, 0.1, 0.6], 1e-5), trial(5, [0.5, 0.5, 0.5], 1e-4), trial(5, [0.9, 0.9, 0.9], 1e-6)]
    assert winner(trials).candidate.penalty == 1e-5


def test_hopeless_and_additive_trials_are_not_started_again() -> None:
    trials = [trial(0, [0.5, 0.5]), trial(5, [0.6, 0.3]), trial(5, [0.9, 0.8])]
    assert [is_open(one, trials) for one in trials] == [False, True, False]


def test_excess_counts_in_standard_errors() -> None:
    first, second = trial(0, [1.0, 2.0, 3.0, 4.0]), trial(5, [0.0, 0.0, 0.0, 0.0])
    assert excess(first, second) == pytest.approx(2.5 / ((5 / 3) ** 0.5 / 2))
    assert excess(second, first) < 0
    assert excess(first, first) == 0.0


def test_losses_are_those_of_the_members_mean_output() -> None:
    problem = a_problem(X, X[:, :1])
    members = {number: Kan([2, 2, 1], seed=number) for number in (0, 5)}
    rows = problem.validation
    with torch.no_grad():
        both = (members[0](X[rows]) + members[5](X[rows])) / 2
    torch.testing.assert_close(held_losses(problem, members), 0.5 * (both - X[rows, :1]).square().sum(1))


def test_table_too_wide_for_a_matrix_of_parameters_is_fitted_too() -> None:
    x = uniform(40, LARGEST_LM_PARAMETERS // 8 + 10)
    problem = a_problem(x, x[:, :1])
    run = choose(Work(problem, NetworkConfig()), Choose((0,), (5,), 1), Journal(), "c")
    step = next(run)
    run.close()
    assert step.train_loss > 0
