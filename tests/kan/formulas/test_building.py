"""Formulas of networks: their text, evaluated by someone else at raw inputs, is what the network predicts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.encoding import NumberOutput, decode, encode, learn_encoding
from kan.errors import FormulaTooLarge, NotSymbolic
from kan.formulas.building import formulas, splines
from kan.formulas.formula import Formula, input_columns, variable_columns
from kan.predictor import evaluate
from kan.state import Array, NetworkState
from tests.kan.formulas.networks import FUNCTIONS, RISKY, edge, network_of, random_rows, symbolic_network
from tests.kan.networks import random_network
from tests.kan.symbolic.trees import independent_value
from tests.kan.tables import Table, texts

WRITTEN = ("x*exp(-x)", "1/(x**2 + 1)", "-x**3 + sin(2*x)", "2**x - cos(x)/3")
SHAPES = [((2, 3, 1), [(2,)]), ((3, 1), []), ((1, 4, 3, 2), [(), (2,)]), ((2, 5, 2), [(2, 3)]), ((2, 2, 2, 2, 1), [])]


def independent_outputs(found: Formula, columns: dict[str, Array], rows: int) -> Array:
    text = found.written("text")
    return np.array([independent_value(text, {name: float(v[i]) for name, v in columns.items()}) for i in range(rows)])


def assert_same(state: NetworkState, x: Array, found: list[Formula]) -> None:
    """Compares formulas with the network, but not where it is undefined or the last bits of an input decide."""
    with np.errstate(all="ignore"):
        outputs, moved = evaluate(state, x), evaluate(state, x * (1 + 1e-15))
    for place, formula in enumerate(found):
        values = independent_outputs(formula, input_columns(formula.variables, x), len(x))
        expected = outputs[:, place]
        steady = np.isfinite(expected) & (np.abs(moved[:, place] - expected) <= 1e-11 * np.abs(expected))
        np.testing.assert_allclose(values[steady], expected[steady], rtol=1e-9, atol=1e-9)


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), shape=st.sampled_from(SHAPES), is_risky=st.booleans())
def test_text_of_any_symbolic_network_has_the_values_it_predicts(
    seed: int, shape: tuple[tuple[int, ...], list[tuple[int, ...]]], is_risky: bool
) -> None:
    widths, arities = shape
    functions = FUNCTIONS + WRITTEN + RISKY if is_risky else FUNCTIONS + WRITTEN
    state = symbolic_network(*widths, arities=arities, functions=functions, seed=seed)
    assert_same(state, random_rows(5, widths[0], seed), formulas(state))


def test_products_of_three_and_two_are_the_products_of_their_sums() -> None:
    # pykan multiplies wrongly where one of two products has three factors (its issue 404).
    first = [edge(i % 2, i, "x", a=1.0, d=float(i)) for i in range(6)]
    state = network_of(first, [edge(0, 0, "x"), edge(1, 0, "x"), edge(2, 0, "x")], products=(2, 3))
    (found,) = formulas(state)
    x = np.array([[0.5, -2.0]])
    s = [0.5, -1.0, 2.5, 1.0, 4.5, 3.0]
    expected = s[0] + s[1] * s[2] + s[3] * s[4] * s[5]
    assert independent_value(found.written(), {"x1": 0.5, "x2": -2.0}) == pytest.approx(expected, rel=1e-15)
    assert evaluate(state, x)[0, 0] == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([[edge(0, 0, "x", a=2.0, d=1.0)], [edge(0, 0, "x^2", a=3.0)]], "3*(2*x1 + 1)**2"),
        ([[edge(0, 0, "x^2"), edge(1, 0, "x", a=-1.0)], [edge(0, 0, "exp")]], "exp(x1**2 - x2)"),
        ([[edge(0, 0, "sin"), edge(0, 1, "sin")], [edge(0, 0, "x"), edge(1, 0, "x", a=2.0)]], "3*sin(x1)"),
        ([[edge(0, 0, "1/x^2", a=8.0, b=2.0)]], "2/x1**2"),
        ([[edge(0, 0, "log", b=2.0, c=1.0, d=0.5)]], "log(2*x1 + 1) + 0.5"),
        ([[edge(0, 0, "1/sqrt")]], "1/sqrt(x1)"),
        ([[edge(0, 0, "exp", a=0.0, d=4.0)]], "4"),
    ],
)
def test_formula_is_as_short_as_by_hand(layers: list[list[object]], expected: str) -> None:
    assert formulas(network_of(*layers))[0].written() == expected  # type: ignore[arg-type]


def test_formula_of_a_network_without_edges_is_a_constant() -> None:
    state = random_network(2, 1)
    pruned = replace(state.layers[0], mask=np.zeros((2, 1)))
    assert formulas(replace(state, layers=(pruned,)))[0].written() == "0"


def test_network_with_splines_is_refused_with_all_of_them() -> None:
    ends = [edge(0, 0, "sin"), edge(1, 1, "sin")], [edge(0, 0, "x"), edge(1, 0, "x")]
    state = network_of(*ends)
    mask = np.zeros((2, 2))
    mask[1, 0] = mask[0, 1] = 1.0
    mixed = replace(state, layers=(replace(state.layers[0], mask=mask), state.layers[1]))
    assert splines(mixed) == [(0, 0, 1), (0, 1, 0)]
    with pytest.raises(NotSymbolic, match="2 edges") as refused:
        formulas(mixed)
    assert refused.value.edges == ((0, 0, 1), (0, 1, 0))


def test_spline_that_no_output_depends_on_is_no_obstacle() -> None:
    state = network_of([edge(0, 0, "sin"), edge(0, 1, "cos")], [edge(0, 0, "x"), edge(1, 0, "x", a=0.0)])
    mask = np.array([[0.0, 1.0]])
    mixed = replace(state, layers=(replace(state.layers[0], mask=mask), state.layers[1]))
    assert formulas(mixed)[0].written() == "sin(x1)"


def test_formula_that_nobody_could_read_is_refused_before_it_is_built() -> None:
    state = symbolic_network(8, 8, 8, 8, 8, 8, 8, 1, functions=("sin",))
    with pytest.raises(FormulaTooLarge, match="limit is 10000"):
        formulas(state)


def test_formula_of_64_edges_is_built() -> None:
    state = symbolic_network(6, 8, 2)
    assert_same(state, random_rows(3, 6), formulas(state))


def mixed_table(rows: int = 40) -> Table:
    generator = np.random.default_rng(4)
    number = generator.uniform(10, 50, rows)
    number[::7] = np.nan
    return {
        "a b": generator.uniform(-3, 9, rows),
        "year": 2000.0 + generator.integers(0, 20, rows),
        "E": number,
        "island": np.array([None if i % 9 == 0 else "abc"[i % 3] for i in range(rows)], dtype=object),
        "y": generator.normal(300.0, 40.0, rows),
        "z": generator.normal(0.0, 1e-3, rows),
        "kind": texts(*("no", "yes") * (rows // 2)),
        "three": np.array(["rst"[i % 3] for i in range(rows)], dtype=object),
    }


@pytest.mark.parametrize(
    ("targets", "task"), [(["y", "z"], "regression"), (["kind"], "classification"), (["three"], "classification")]
)
def test_formula_is_in_the_units_of_the_table(targets: list[str], task: str) -> None:
    table = mixed_table()
    encoding = learn_encoding(table, ["a b", "year", "E", "island"], targets, task, np.arange(40))
    levels = encoding.input_levels
    state = symbolic_network(len(levels), 4, encoding.network_outputs, levels=levels, arities=[(2,)], encoding=encoding)
    # A level that training never saw.
    table["island"][5] = "new"
    expected = decode(encoding, evaluate(state, encode(encoding, table)))
    found = formulas(state)
    assert [formula.output for formula in found] == list(encoding.output_names)
    for place, formula in enumerate(found):
        columns = variable_columns(formula.variables, table)
        values = independent_outputs(formula, columns, 40)
        np.testing.assert_allclose(values, expected[:, place], rtol=1e-9, atol=1e-9 * np.abs(expected).max())
        assert (formula.kind, formula.note is None) == (("value", True) if task == "regression" else ("logit", False))


def test_variables_say_column_level_and_what_a_missing_value_counts_as() -> None:
    table = mixed_table()
    encoding = learn_encoding(table, ["a b", "E", "island"], ["y"], "regression", np.arange(40))
    state = symbolic_network(4, 1, levels=encoding.input_levels, encoding=encoding)
    variables = formulas(state)[0].variables
    assert [variable.symbol for variable in variables] == [
        "x1", "x2", "E_missing", "island_a", "island_b", "island_c", "island_missing",
    ]  # fmt: skip
    assert [variable.label for variable in variables[:4]] == ["a b", "E", "[E is missing]", "[island = a]"]
    assert variables[1].fill == np.quantile(table["E"][~np.isnan(table["E"])], 0.5, method="lower")
    assert variables[6].is_missing


def test_number_beyond_the_floor_counts_as_the_floor_in_a_formula_as_in_the_network() -> None:
    table = mixed_table()
    encoding = learn_encoding(table, ["year"], ["y"], "regression", np.arange(40))
    (found,) = formulas(network_of([edge(0, 0, "x^2")], encoding=encoding))
    (variable,) = found.variables
    assert variable.floor is not None
    assert variable.floor < table["year"].min()
    far = {"year": np.array([variable.floor, variable.floor - 1e3])}
    values = found.evaluate(variable_columns(found.variables, far))
    # (x - shift) / scale = -1.25 at the floor of a column without outliers.
    (target,) = encoding.outputs
    assert isinstance(target, NumberOutput)
    np.testing.assert_allclose(values, target.mean + target.std * 1.25**2, rtol=1e-9)


def test_column_far_from_zero_is_written_from_its_middle() -> None:
    table = mixed_table()
    encoding = learn_encoding(table, ["year"], ["y"], "regression", np.arange(40))
    state = network_of([edge(0, 0, "x^2")], encoding=encoding)
    assert "(year - 20" in formulas(state)[0].written()


def test_levels_of_plain_arrays_are_variables_of_their_own() -> None:
    state = symbolic_network(2, 2, 1, levels=(None, 3))
    x = np.column_stack([random_rows(8, 1)[:, 0], np.arange(8) % 4])
    found = formulas(state)
    assert [variable.symbol for variable in found[0].variables] == ["x1", "x2_0", "x2_1", "x2_2"]
    assert_same(state, x, found)
