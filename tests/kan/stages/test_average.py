"""The average of networks is one network, and its held-out outputs come from members that never saw the rows."""

from dataclasses import replace

import pytest
import torch

from kan.config import Average, NetworkConfig
from kan.errors import InvalidConfig
from kan.journal import Journal
from kan.move_grid import normalise_nodes
from kan.network import Kan
from kan.stages.average import ROWS_OF_ALL_MEMBERS, average, joined, members_of
from kan.stages.members import Candidate
from kan.stages.work import Work
from tests.kan.training import a_problem, finish, randomised, uniform


@pytest.mark.parametrize("base", ["silu", "zero"])
@pytest.mark.parametrize("widths", [[2, 2], [2, 3, 2]])
@pytest.mark.parametrize("levels", [None, (None, 3)])
def test_joined_network_gives_the_mean_of_its_members(
    base: str, widths: list[int], levels: tuple[int | None, ...] | None
) -> None:
    x = uniform(40, 2, reach=1.5)
    if levels:
        x[:, 1] = torch.arange(40) % 4
    members = [randomised(Kan(widths, base=base, input_levels=levels), seed) for seed in range(3)]
    if base == "zero":
        for member in members:
            normalise_nodes(member, x)  # hidden knots differ from member to member
    network = joined(members)
    expected = torch.stack([member(x) for member in members]).mean(0)
    torch.testing.assert_close(network(x), expected, rtol=0, atol=1e-12)
    assert network.widths == ([2, 2] if len(widths) == 2 else [2, 9, 2])


def test_joining_leaves_the_members_alone() -> None:
    members = [randomised(Kan([2, 2]), seed) for seed in range(2)]
    before = members[0](uniform(5, 2))
    randomised(joined(members))
    assert torch.equal(members[0](uniform(5, 2)), before)


@pytest.mark.parametrize(("hidden", "degree"), [((), 3), ((2,), 2)])
@pytest.mark.parametrize("raw_inputs", [False, True])
def test_stage_fits_members_of_the_shape_and_joins_them(hidden: tuple[int, ...], degree: int, raw_inputs: bool) -> None:
    x = uniform(120, 2, reach=50.0 if raw_inputs else 1.0)
    y = torch.sin(3 * x[:, :1] / x.abs().max()) + (x[:, 1:] / x.abs().max()) ** 2
    problem = a_problem(x, y, raw_inputs=raw_inputs)
    work = finish(average(Work(problem, NetworkConfig(hidden, 4, degree)), Average(3), Journal(), "a"))
    assert work.network is not None
    assert work.held_out is not None
    assert work.network.config.degree == degree
    assert work.network.widths == [2, *(3 * width for width in hidden), 1]
    with torch.no_grad():
        mean = torch.stack([member(x) for member in work.members.values()]).mean(0)
        torch.testing.assert_close(work.network(x), mean, rtol=0, atol=1e-9)
        # Member 0 alone has left out the validation rows.
        torch.testing.assert_close(work.held_out, work.members[0](x[problem.validation]))
        assert float((mean - y).square().mean() / y.var()) < 0.01


@pytest.mark.parametrize(("hidden", "rows", "expected"), [(0, 100, 5), (5, 100, 20), (5, 2000, 10), (5, 100_000, 5)])
def test_fewer_members_where_more_gain_little(hidden: int, rows: int, expected: int) -> None:
    assert ROWS_OF_ALL_MEMBERS == 20_000
    assert members_of(Average(20), Candidate(hidden, 5), rows) == expected
    assert members_of(Average(3), Candidate(hidden, 5), rows) == 3


def test_members_of_a_choice_are_kept_and_others_added() -> None:
    problem = a_problem(uniform(60, 1), uniform(60, 1))
    known = {number: Kan([1, 1], grid=4, base="zero", seed=number) for number in (0, 5)}
    work = Work(problem, NetworkConfig((), 4), members=known, candidate=Candidate(0, 4))
    averaged = finish(average(work, Average(4), Journal(), "a"))
    assert list(averaged.members) == [0, 5, 1, 2]
    assert averaged.members[5] is known[5]


def test_products_are_refused() -> None:
    work = Work(a_problem(uniform(60, 1), uniform(60, 1)), NetworkConfig((2,), multiply=(1,)))
    with pytest.raises(InvalidConfig, match="multiply"):
        finish(average(work, Average(2), Journal(), "a"))


def test_several_hidden_layers_are_refused_unless_another_shape_was_chosen() -> None:
    work = Work(a_problem(uniform(60, 1), uniform(60, 1)), NetworkConfig((2, 2)))
    with pytest.raises(InvalidConfig, match="hidden"):
        finish(average(work, Average(2), Journal(), "a"))
    members = {number: Kan([1, 1], grid=4, base="zero", seed=number) for number in range(2)}
    chosen = replace(work, candidate=Candidate(0, 4), members=members)
    averaged = finish(average(chosen, Average(2), Journal(), "a")).network
    assert averaged is not None
    assert averaged.widths == [1, 1]
