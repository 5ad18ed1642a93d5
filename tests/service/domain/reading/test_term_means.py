"""The means are those of the marked rows, block by block; a term that is no number somewhere counts as 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from kan.decomposition import output_terms
from kan.encoding import NumberInput, NumberOutput, encode
from kan.snapped import with_formula
from kan.state import EdgeFormula
from service.domain.reading.term_means import term_means

INPUTS = (NumberInput("a", "a", 0.0, 1.0, -1.0, 1.0), NumberInput("b", "b", 0.0, 1.0, -1.0, 1.0))


def test_means_are_taken_over_the_wanted_rows(network_of: Any) -> None:
    state = network_of(INPUTS, (NumberOutput("y", 0.0, 1.0),), hidden=4)
    generator = np.random.default_rng(0)
    table = {name: generator.uniform(-1, 1, 20_000) for name in "ab"}
    wanted = generator.random(20_000) < 0.9
    terms = output_terms(state, encode(state.encoding, table))
    np.testing.assert_allclose(term_means(state, table, wanted), terms[wanted].mean(axis=0), rtol=1e-9)


def test_a_term_without_a_value_has_mean_zero(network_of: Any) -> None:
    state = network_of(INPUTS, (NumberOutput("y", 0.0, 1.0),))
    state = with_formula(state, 0, EdgeFormula(0, 0, "log", 1.0, 1.0, 0.0, 0.0))
    table = {"a": np.array([-0.5, 0.5]), "b": np.array([0.1, 0.2])}
    means = term_means(state, table, np.array([True, True]))
    assert means[0] == [0.0]
    assert means[1][0] != 0.0
