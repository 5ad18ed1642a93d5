"""Networks of every kind to be exported, and what they themselves say of rows."""

from dataclasses import replace
from typing import Any

import numpy as np

from kan.encoding import (
    MISSING_LEVEL,
    BinaryOutput,
    ClassOutput,
    Encoding,
    LevelsInput,
    MissingInput,
    NumberInput,
    NumberOutput,
    decode,
    encode,
    probabilities,
)
from kan.predictor import evaluate
from kan.state import Array, EdgeFormula, NetworkState
from kan.symbolic.functions import FUNCTIONS
from tests.kan.networks import mixed_network, random_network

TEXTS = LevelsInput("site", "site", ("north's", "süd", MISSING_LEVEL), (5, 5, 2))
GAPS = (NumberInput("water", "water", 180.0, 60.0, 120.0, 240.0, 185.0, 100.0, 260.0), MissingInput("no", "water"))


def numbers(first: str = "a") -> tuple[NumberInput, NumberInput]:
    return NumberInput(first, first, 0.0, 1.0, -1.0, 1.0), NumberInput('b "c"', 'b "c"', 5.0, 2.0, 3.0, 7.0)


def networks(first: str = "a") -> dict[str, NetworkState]:
    """Gives a network of every kind, by what is special about it; `first` names the first column."""
    pair = numbers(first)
    everything = Encoding((*pair, TEXTS, *GAPS), (NumberOutput("y", 35.0, 16.0), NumberOutput("z", -1.0, 1e-3)))
    levels = (None, None, 3, None, 2)
    two = (NumberOutput("y", 0.0, 1.0),)
    return {
        "plain": random_network(2, 3, 1, encoding=Encoding(pair, two)),
        "every input": random_network(5, 4, 2, levels=levels, encoding=everything),
        "products": mixed_network(1),
        "more products": mixed_network(4),
        "classes": random_network(2, 3, encoding=Encoding(pair, (ClassOutput("kind", ("p", "q'", "r")),))),
        "two classes": random_network(2, 2, 1, encoding=Encoding(pair, (BinaryOutput("kind", ("no", "yes")),))),
        "zero outside": random_network(2, 2, 1, outside="zero", base="zero", encoding=Encoding(pair, two)),
        "degree 1": random_network(2, 2, 1, degree=1, encoding=Encoding(pair, two)),
        "degree 5": random_network(2, 2, 1, degree=5, grid=1, encoding=Encoding(pair, two)),
        "functions": functions(),
        "far bessel": far_bessel(),
        "unused": replace(
            random_network(2, 1, encoding=Encoding(pair, two, unused=(first,))),
            layers=(replace(random_network(2, 1).layers[0], mask=np.array([[0.0], [1.0]])),),
        ),
    }


def functions() -> NetworkState:
    """Gives a network with every function of the library, and a written one; all are defined on its input."""
    names = [*FUNCTIONS, "x*exp(-x)"]
    state = random_network(2, len(names), 1, encoding=Encoding(numbers(), (NumberOutput("y", 1.0, 2.0),)))
    first = state.layers[0]
    formulas = tuple(
        EdgeFormula(1, target, name, 0.5, 0.1, 0.0 if name in ("arcsin", "arccos", "arctanh") else 0.6, 0.2)
        for target, name in enumerate(names)
    )
    mask = first.mask.copy()
    mask[1] = 0.0
    return replace(state, layers=(replace(first, mask=mask, formulas=formulas), *state.layers[1:]))


def far_bessel() -> NetworkState:
    """Gives a network with J0 on both sides of where its form changes, and thousands of waves away."""
    state = random_network(2, 1, encoding=Encoding(numbers(), (NumberOutput("y", 1.0, 2.0),)))
    edges = (EdgeFormula(0, 0, "j0", 0.5, 40.0, 1.0, 0.2), EdgeFormula(1, 0, "j0", 20.0, 3000.0, 0.6, 0.0))
    return replace(state, layers=(replace(state.layers[0], mask=np.zeros((2, 1)), formulas=edges),))


def said(state: NetworkState, table: dict[str, Any]) -> Array:
    """Gives the answers of the network: numbers in the units of the data, or probabilities."""
    assert state.encoding is not None
    raw = evaluate(state, encode(state.encoding, table))
    return decode(state.encoding, raw) if state.encoding.task == "regression" else probabilities(state.encoding, raw)
