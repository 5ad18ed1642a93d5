"""Terms that sum to the answer, derivatives that are its finite differences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kan.compiled_predictor import Predictor
from kan.encoding import BinaryOutput, ClassOutput, NumberInput, NumberOutput, decode, encode, probabilities
from kan.prune import prune_edge
from kan.state import NetworkState
from service.domain.errors import BodyTooLarge
from service.domain.model_cache import LoadedModel
from service.domain.prediction_forms.columns import InputTable
from service.domain.reading import explanations

INPUTS = (NumberInput("a", "a", 3.0, 2.0, 1.0, 5.0), NumberInput("b", "b", 0.0, 0.5, -0.5, 0.5, 0.1))
OUTPUTS: dict[str, Any] = {
    "two numbers": (NumberOutput("y", 10.0, 4.0), NumberOutput("z", -1.0, 0.5)),
    "three classes": (ClassOutput("kind", ("p", "q", "r")),),
    "two classes": (BinaryOutput("kind", ("p", "q")),),
}
COLUMNS = {"a": np.array([1.5, 2.9, 4.4]), "b": np.array([0.3, -0.2, np.nan])}


@pytest.fixture(params=list(OUTPUTS))
def model(request: pytest.FixtureRequest, network_of: Any) -> LoadedModel:
    return loaded(network_of(INPUTS, OUTPUTS[request.param], hidden=3))


def loaded(state: NetworkState) -> LoadedModel:
    assert state.encoding is not None
    return LoadedModel(state, state.encoding, Predictor(state), 0)


def table(**changed: Any) -> InputTable:
    columns = {**COLUMNS, **changed}
    return InputTable(columns, len(columns["a"]), lambda row, column: f"/rows/{row}")


def means_of(model: LoadedModel) -> Any:
    return np.random.default_rng(1).normal(size=(model.state.layers[-1].inputs, model.state.layers[-1].outputs))


def raw(model: LoadedModel, rows: InputTable) -> Any:
    """The outputs in the user's units; of classes the logits."""
    return decode(model.encoding, model.predictor.evaluate(encode(model.encoding, rows.columns)))


def test_baseline_and_terms_sum_to_the_output(model: LoadedModel) -> None:
    found = explanations.contributions(model, table(), means_of(model))
    assert list(found.outputs) == list(model.encoding.output_names)
    for place, name in enumerate(found.outputs):
        own = [number for number, (output, _) in enumerate(found.terms) if output == name]
        total = found.baseline[place] + found.values[:, own].sum(axis=1)
        np.testing.assert_allclose(total, raw(model, table())[:, place], rtol=1e-12, atol=1e-12)
    assert {node for _, node in found.terms} == {"h0", "h1", "h2"}


def test_pruned_edges_have_no_term(model: LoadedModel) -> None:
    pruned = loaded(prune_edge(model.state, 1, 2, 0))
    found = explanations.contributions(pruned, table(), means_of(model))
    first = found.outputs[0]
    own = [number for number, (output, _) in enumerate(found.terms) if output == first]
    assert [found.terms[number][1] for number in own] == ["h0", "h1"]
    total = found.baseline[0] + found.values[:, own].sum(axis=1)
    np.testing.assert_allclose(total, raw(pruned, table())[:, 0], rtol=1e-12, atol=1e-12)


def test_products_are_shared_among_their_factors(network_of: Any) -> None:
    state = network_of(INPUTS, OUTPUTS["two numbers"], hidden=3)
    last = replace(state.layers[-1], products=(2,))
    joined = replace(
        state, layers=(state.layers[0], last), encoding=replace(state.encoding, outputs=(NumberOutput("y", 10.0, 4.0),))
    )
    model = loaded(joined)
    found = explanations.contributions(model, table(), means_of(model))
    assert found.values.shape == (3, 6)
    np.testing.assert_allclose(found.baseline[0] + found.values.sum(axis=1), raw(model, table())[:, 0], rtol=1e-12)


def test_derivatives_are_finite_differences_of_the_answer(model: LoadedModel) -> None:
    found = explanations.gradient(model, table())
    assert list(found.inputs) == ["a", "b"]
    step = 1e-5

    def answers(rows: InputTable) -> Any:
        outputs = raw(model, rows)
        return outputs if model.encoding.task == "regression" else probabilities(model.encoding, outputs)

    for place, name in enumerate(found.inputs):
        up, down = (answers(table(**{name: COLUMNS[name] + sign * step})) for sign in (1, -1))
        expected = (up - down) / (2 * step)
        expected[np.isnan(COLUMNS[name])] = np.nan
        np.testing.assert_allclose(found.values[:, :, place], expected, rtol=1e-5, atol=1e-7)


def test_derivative_is_zero_where_a_number_counts_as_the_end_of_the_line(network_of: Any) -> None:
    inputs = (replace(INPUTS[0], floor=0.5, ceiling=5.5), INPUTS[1])
    model = loaded(network_of(inputs, OUTPUTS["two numbers"], hidden=3))
    found = explanations.gradient(model, table(a=np.array([0.4, 5.4, 6.0])))
    assert (found.values[:, :, 0] != 0).tolist() == [[False, False], [True, True], [False, False]]
    assert (found.values[:2, :, 1] != 0).all()


def test_too_many_numbers_are_refused(model: LoadedModel) -> None:
    many = {name: np.resize(values, 500_001) for name, values in COLUMNS.items()}
    with pytest.raises(BodyTooLarge):
        explanations.gradient(model, table(**many))
    with pytest.raises(BodyTooLarge):
        explanations.contributions(model, table(**many), means_of(model))
