"""Networks with functions that people wrote: saved, served, trained and written out as any other."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kan.checkpoint import dump, load, save
from kan.compiled_predictor import Predictor
from kan.config import Fit, NetworkConfig
from kan.config_symbolic import Symbolify
from kan.edits import edited
from kan.errors import CheckpointError, InvalidConfig
from kan.formulas.building import formulas
from kan.formulas.formula import input_columns, variable_columns
from kan.formulas.negligible import without_negligible
from kan.formulas.rounding import rounded
from kan.kernels.native.compiling import KERNELS
from kan.losses import SquaredError
from kan.network import Kan
from kan.node_layers import formula_layer
from kan.optimizers.levenberg_marquardt import LevenbergMarquardt
from kan.penalty import constant_penalty, penalty_matrix
from kan.predictor import evaluate
from kan.slopes import input_gradient
from kan.state import EdgeFormula, NetworkState
from kan.table_training import TableTask
from kan.written_edges import has_written, library_form, with_library_only
from tests.kan.networks import mixed_network, random_network
from tests.kan.training import trained

WRITTEN = ("x*exp(-x)", "1/(x**2 + 1)", "sin(x)/(2 + cos(3*x))", "0.5*(exp(x) + exp(-x))", "x**x + 2**x")


def with_functions(state: NetworkState, *names: str) -> NetworkState:
    """Puts a function on each live edge from a number of the first and last layer, as far as there are functions."""
    left = list(names)
    for index in (0, len(state.layers) - 1):
        layer = state.layers[index]
        for source, target in np.argwhere(layer.live):
            if left and layer.level_table(int(source)) is None:
                fixed = {"layer": index, "source": int(source), "target": int(target), "function": left.pop(0)}
                state = edited(state, [{"op": "fix_symbolic", **fixed, "a": 0.7, "b": 0.3, "c": 0.9, "d": -0.1}])
    assert not left
    return state


@pytest.mark.parametrize("network", [mixed_network(), random_network(2, 3, 1), random_network(1, 1)])
def test_the_library_alone_predicts_the_same(network: NetworkState) -> None:
    count = min(len(WRITTEN), int(sum(layer.live.sum() for layer in network.layers)))
    state = with_functions(network, *WRITTEN[:count])
    plain = with_library_only(state)
    assert has_written(state)
    assert not has_written(plain)
    x = rows_of(state)
    np.testing.assert_allclose(evaluate(plain, x), evaluate(state, x), rtol=1e-12, atol=1e-12)


def test_a_network_of_the_library_stays_as_it_is() -> None:
    state = mixed_network()
    assert with_library_only(state) is state


def test_served_network_and_its_slope_agree_with_the_definition() -> None:
    KERNELS.wait()
    state = with_functions(random_network(2, 3, 1), *WRITTEN)
    predictor, x = Predictor(state), rows_of(state)
    np.testing.assert_allclose(predictor.evaluate(x), evaluate(state, x), rtol=1e-12, atol=1e-12)
    step = 1e-6 * np.eye(2)[0]
    slope = (evaluate(state, x + step) - evaluate(state, x - step)) / 2e-6
    # Rounding over the step leaves 1e-9 of the values.
    np.testing.assert_allclose(predictor.input_gradient(x, np.ones((len(x), 1)))[:, :1], slope, rtol=1e-6, atol=1e-7)


def test_reloaded_network_needs_nothing_else() -> None:
    state = with_functions(random_network(2, 3, 1), *WRITTEN)
    again = load(dump(state))
    assert [layer.formulas for layer in again.layers] == [layer.formulas for layer in state.layers]
    x = rows_of(state)
    np.testing.assert_array_equal(evaluate(again, x), evaluate(state, x))


def test_checkpoint_with_a_function_that_is_none_is_refused() -> None:
    state = with_functions(random_network(1, 1), "x*exp(-x)")
    layer = replace(state.layers[0], formulas=(replace(state.layers[0].formulas[0], function="exec(x)"),))
    with pytest.raises(CheckpointError, match="function"):
        load(dump(replace(state, layers=(layer,))))


def test_unknown_function_of_an_edit_is_refused() -> None:
    fixed = {"op": "fix_symbolic", "layer": 0, "source": 0, "target": 0, "function": "sine"}
    with pytest.raises(InvalidConfig, match="expression of x"):
        edited(random_network(1, 1), [{**fixed, "a": 1, "b": 1, "c": 0, "d": 0}])


def test_constants_of_a_written_function_are_trained() -> None:
    x = torch.linspace(-1.0, 2.0, 60, dtype=torch.float64)[:, None]
    u = 1.3 * x + 0.2
    y = 2.0 * u * torch.exp(-u) - 1.0
    state = with_functions(random_network(1, 1), "x*exp(-x)")
    network = Kan.from_state(state)
    optimizer = LevenbergMarquardt(
        network, SquaredError(), x, y, penalty=penalty_matrix(network, constant_penalty(network, 0.0))
    )
    for _ in range(60):
        optimizer.step()
    np.testing.assert_allclose(evaluate(network.state(), x.numpy()), y.numpy(), atol=1e-8)


def test_formula_is_the_function_that_predicts() -> None:
    state = with_functions(random_network(2, 1), "x*exp(-x)", "sin(x)/(2 + cos(3*x))")
    (formula,) = formulas(state)
    x = rows_of(state)
    said = formula.evaluate(input_columns(formula.variables, x))
    np.testing.assert_allclose(said, evaluate(state, x)[:, 0], rtol=1e-12, atol=1e-12)
    names: dict[str, object] = {}
    exec(formula.written("python"), names)
    assert callable(names["predict"])
    assert [names["predict"](*row) for row in x.tolist()] == pytest.approx(said.tolist(), rel=1e-12)


def rows_of(state: NetworkState) -> np.ndarray:
    generator = np.random.default_rng(0)
    x = generator.uniform(-1.0, 1.0, (20, state.widths[0]))
    for table in state.layers[0].levels:
        x[:, table.source] = generator.integers(0, len(table.values), len(x))
    return x


def test_two_edges_of_one_function_into_one_node_are_added() -> None:
    state = with_functions(random_network(2, 1), "x*exp(-x)", "x*exp(-x)")
    x = rows_of(state)
    one = EdgeFormula(0, 0, "x*exp(-x)", 0.7, 0.3, 0.9, -0.1)
    assert one in state.layers[0].formulas
    np.testing.assert_allclose(evaluate(with_library_only(state), x), evaluate(state, x), rtol=1e-12, atol=1e-12)


def test_data_of_a_written_function_become_it_to_the_digit() -> None:
    generator = np.random.default_rng(0)
    u, v = generator.uniform(0.0, 5.0, 200), generator.uniform(-1.0, 1.0, 200)
    table = {"u": u, "v": v, "y": 3.0 * u * np.exp(-u) + np.sin(2.0 * v)}
    recipe = (Fit(steps=60), Symbolify(library=("x", "x^2", "sin", "x*exp(-x)")))
    task = TableTask(("u", "v"), ("y",), "regression", recipe, NetworkConfig((), grid=8))
    state = trained(table, task).state
    (formula,) = formulas(state)
    columns = variable_columns(formula.variables, table)
    shorter = without_negligible(formula, columns, 1e-6)
    assert rounded(shorter, columns, 4).formula.written() == "3*u*exp(-u) + sin(2*v)"


def test_a_process_that_knows_nothing_of_the_function_predicts_the_same(tmp_path: Path) -> None:
    """D23: a network with a function of one's own could not be read again: KeyError."""
    state = with_functions(random_network(2, 3, 1), *WRITTEN)
    x = rows_of(state)
    save(state, tmp_path / "network.safetensors")
    script = (
        "import json, sys\nimport numpy as np\nfrom kan.checkpoint import read\nfrom kan.predictor import evaluate\n"
        "print(json.dumps(evaluate(read(sys.argv[1]), np.array(json.loads(sys.argv[2]))).tolist()))"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "network.safetensors"), json.dumps(x.tolist())]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == evaluate(state, x).tolist()


def with_first_edge(state: NetworkState, function: str) -> NetworkState:
    """Puts a function on the first edge unasked, as networks of earlier releases have it."""
    layer = state.layers[0]
    mask = layer.mask.copy()
    mask[0, 0] = 0.0
    fixed = replace(layer, mask=mask, formulas=(EdgeFormula(0, 0, function, 1.0, 0.1, 2.0, 0.0),))
    return replace(state, layers=(fixed, *state.layers[1:]))


@pytest.mark.parametrize("function", ["0**x", "(-2)**x"])
def test_a_stored_function_that_the_library_cannot_make_up_is_served_by_its_definition(function: str) -> None:
    KERNELS.wait()
    state = load(dump(with_first_edge(random_network(2, 3, 1), function)))
    assert library_form(state) is None
    predictor, x = Predictor(state), rows_of(state)
    np.testing.assert_array_equal(predictor.evaluate(x), evaluate(state, x))
    assert predictor.evaluate(x[:0]).shape == (0, 1)
    pull = np.ones((len(x), 1))
    np.testing.assert_array_equal(predictor.input_gradient(x, pull), input_gradient(state, x, pull))
    assert Predictor(state, np.float32).input_gradient(x, pull).dtype == np.float32


@pytest.mark.parametrize("columns", [158, 1_000])
def test_a_layer_of_very_many_functions_is_served_by_its_definition(columns: int) -> None:
    # 2 * 158**2 + 158 edges are more than 50,000.
    edges = tuple(EdgeFormula(source, 0, "x*exp(-x)", 0.7, 0.3, 0.9, -0.1) for source in range(columns))
    state = NetworkState((formula_layer(columns, 1, edges),), base="zero")
    predictor, x = Predictor(state), np.random.default_rng(0).uniform(-1.0, 1.0, (5, columns))
    assert predictor.nbytes == 0
    u = 0.3 * x + 0.9
    expected = (0.7 * u * np.exp(-u) - 0.1).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(predictor.evaluate(x), expected, rtol=1e-12)
    slopes = 0.7 * 0.3 * np.exp(-u) * (1.0 - u)
    np.testing.assert_allclose(predictor.input_gradient(x, np.ones((5, 1))), slopes, rtol=1e-12, atol=1e-15)


def test_as_many_functions_as_the_library_can_hold_are_compiled() -> None:
    edges = tuple(EdgeFormula(source, 0, "x*exp(-x)", 0.7, 0.3, 0.9, -0.1) for source in range(157))
    state = NetworkState((formula_layer(157, 1, edges),), base="zero")
    known = library_form(state)
    assert known is not None
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (5, 157))
    np.testing.assert_allclose(evaluate(known, x), evaluate(state, x), rtol=1e-12)
