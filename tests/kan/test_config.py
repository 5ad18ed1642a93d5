"""Stages and networks: what they count, how they are written and read, what they refuse."""

import itertools
import os
import subprocess
import sys
from typing import Any

import pytest

from kan.config import Choose, Fit, NetworkConfig
from kan.config_json import read_fields, stage_from_json, stage_to_json
from kan.cost import LARGEST_LM_PARAMETERS, choose_optimizer, optimizer_reason, training_cost
from kan.errors import InvalidConfig
from kan.network import Kan
from kan.presets import PRESETS, preset_recipe


@pytest.mark.parametrize(
    ("hidden", "base", "levels", "outputs"),
    list(itertools.product([(), (3,), (4, 2)], ["silu", "zero"], [(None, None), (None, 4, 2), (3,)], [1, 3])),
)
def test_parameters_are_those_of_the_network_that_is_built(
    hidden: tuple[int, ...], base: str, levels: tuple[int | None, ...], outputs: int
) -> None:
    config = NetworkConfig(hidden, grid=4, degree=2, base=base)
    network = Kan([len(levels), *hidden, outputs], grid=4, degree=2, base=base, input_levels=levels)
    assert config.parameters(levels, outputs) == sum(weights.numel() for weights in network.parameters())


def test_absurd_widths_are_counted_in_exact_integers() -> None:
    assert NetworkConfig((10**9, 10**9), grid=1000).parameters([None], 1) == 1004 * (10**9 + 10**18 + 10**9)


@pytest.mark.parametrize(("preset", "search"), list(itertools.product(PRESETS, [False, True])))
def test_presets_are_recipes_of_known_stages(preset: str, search: bool) -> None:
    recipe = preset_recipe(preset, search=search)
    assert [stage_from_json(stage_to_json(stage)) for stage in recipe] == list(recipe)
    assert any(isinstance(stage, Choose) for stage in recipe) == search


def test_auto_takes_levenberg_marquardt_for_small_work_only() -> None:
    assert choose_optimizer("auto", 100, 1_000) == "lm"
    assert choose_optimizer("auto", LARGEST_LM_PARAMETERS + 1, 10) == "adam"
    assert choose_optimizer("auto", 2_000, 1_000_000) == "adam"
    assert choose_optimizer("lm", 10**6, 10**6) == "lm"


def test_memory_grows_with_the_square_of_parameters_under_levenberg_marquardt_only() -> None:
    config = NetworkConfig((100, 100))
    by_lm = training_cost(config, [None] * 10, 1, 1_000, Fit(optimizer="lm").optimizer)
    by_lbfgs = training_cost(config, [None] * 10, 1, 1_000, Fit(optimizer="lbfgs").optimizer)
    by_adam = training_cost(config, [None] * 10, 1, 1_000)
    assert (by_lm.optimizer, by_lbfgs.optimizer, by_adam.optimizer) == ("lm", "lbfgs", "adam")
    assert by_lm.memory_bytes > 8 * by_lm.parameters**2 > by_lbfgs.memory_bytes
    assert by_lbfgs.memory_bytes > by_adam.memory_bytes > 8 * by_adam.parameters


def test_reason_names_what_decided() -> None:
    assert "asked for" in optimizer_reason("adam", 100, 100)
    assert "at most 2e+10" in optimizer_reason("auto", 100, 100)
    assert "more than 2e+10" in optimizer_reason("auto", 2_000, 1_000_000)
    assert "above the 3,000 parameters" in optimizer_reason("auto", 3_001, 10)


_PEAK = """
import resource, sys
import numpy as np
from kan import Kan, fit
from kan.config import Fit

def train(optimizer, hidden, rows):
    x = np.random.default_rng(0).uniform(-1, 1, (rows, 6))
    lamb, optimizer = (1e-3, "lm") if optimizer == "sparse" else (0.0, optimizer)
    fit(Kan([6, hidden, 1]), x, x[:, 0], recipe=[Fit(optimizer=optimizer, steps=6, patience=None, lamb=lamb)])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

before = train(sys.argv[1], 1, 50)
print(train(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])) - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "hidden", "rows"),
    [("lm", 30, 3_000), ("lm", 40, 100), ("adam", 50, 20_000), ("sparse", 30, 3_000), ("sparse", 40, 100)],
)
def test_training_takes_no_more_memory_than_was_computed(optimizer: str, hidden: int, rows: int) -> None:
    command = [sys.executable, "-c", _PEAK, optimizer, str(hidden), str(rows)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    expected = training_cost(
        NetworkConfig((hidden,), 5), [None] * 6, 1, rows, optimizer.replace("sparse", "lm")
    ).memory_bytes
    assert 0.1 * expected < int(done.stdout) <= expected


def test_product_nodes_are_counted_with_all_their_factors() -> None:
    config = NetworkConfig((2, 3), grid=4, multiply=(1, (2, 4)))
    assert config.widths(3, 2) == (3, 3, 5, 2)
    assert config.products == ((2,), (2, 4), ())
    assert config.sums(2) == [4, 9, 2]
    network = Kan(config.widths(3, 2), grid=4, products=config.products)
    assert config.parameters((None,) * 3, 2) == sum(weights.numel() for weights in network.parameters())
    assert network.config.products == config.products


def test_outputs_that_are_products_are_the_last_entry() -> None:
    config = NetworkConfig((), multiply=((3,),))
    assert config == Kan([3, 1], products=[(3,)]).config
    assert config.widths(3, 1) == (3, 1)
    assert NetworkConfig((), multiply=(0,)).products == ((),)


def test_network_is_written_and_read_back() -> None:
    config = NetworkConfig((2, 0), multiply=(1, (2, 3)))
    assert config.to_json()["multiply"] == [1, [2, 3]]
    assert read_fields(NetworkConfig, config.to_json()) == config


@pytest.mark.parametrize(
    "multiply", [5, "1", (1, 0, 0), (-1,), (True,), (1.0,), ((1,),), ((2, "2"),), (1001,), ((101,),), ((2,) * 1001,)]
)
def test_product_nodes_that_cannot_be_built_are_refused(multiply: Any) -> None:
    with pytest.raises(InvalidConfig, match="multiply"):
        NetworkConfig((2,), multiply=multiply)


def test_hidden_layer_without_a_plain_node_needs_a_product() -> None:
    assert NetworkConfig((0,), multiply=(1,)).widths(2, 1) == (2, 1, 1)
    with pytest.raises(InvalidConfig, match="hidden"):
        NetworkConfig((0,), multiply=(0,))
