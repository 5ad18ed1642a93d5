"""The constants of a function that an edit puts on an edge without naming them; imports no store."""

from __future__ import annotations

from kan.errors import InvalidConfig
from kan.state import EdgeFormula, NetworkState
from kan.suggestions import edge_curve, suggestions


def fitted_formula(state: NetworkState, layer: int, source: int, target: int, function: str) -> EdgeFormula:
    """Gives a function with the constants that fit an edge best, for an edit that names none.

    Raises:
        InvalidConfig: an edge without a curve, or one that the function fits nowhere.
    """
    found = suggestions(edge_curve(state, layer, source, target), [function])
    if not found:
        raise InvalidConfig("function", "expected one that fits the edge; this one has no finite fit")
    fit = found[0].fit
    return EdgeFormula(source, target, fit.function, fit.a, fit.b, fit.c, fit.d)
