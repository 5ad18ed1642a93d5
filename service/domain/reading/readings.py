"""What a version tells beside its curves: what matters in it, and which functions an edge looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from kan.errors import InvalidConfig
from kan.formulas.building import edge_node
from kan.formulas.rounding import with_digits
from kan.importance_report import importance_report
from kan.state import EdgeFormula
from kan.suggestions import edge_curve, suggestions
from kan.symbolic.affine import AffineFit
from kan.symbolic.grammar import Variable
from kan.symbolic.printing import text
from service.domain.editing.measures import training_sample
from service.domain.errors import EdgeNotFound, InvalidParameter, TrainingDataGone
from service.domain.finite_numbers import finite
from service.domain.model_cache import LoadedModel
from service.store.tables import VersionRow

# Effects mix rows pairwise and interactions do it for every pair of columns: more rows change digits that nobody reads.
IMPORTANCE_ROWS = 1_000
TEXT_DIGITS = 4


def importance_of(session: Session, version: VersionRow, model: LoadedModel) -> dict[str, Any]:
    """Gives every score with its definition, on training rows that lie evenly among all of them.

    Raises:
        TrainingDataGone: the data set was deleted, or fewer than two training rows are there.
    """
    x = training_sample(session, version, model.state, IMPORTANCE_ROWS)
    if x is None or len(x) < 2:
        raise TrainingDataGone
    return dict(finite(importance_report(model.state, x)))


def edge_suggestions(
    model: LoadedModel,
    edge: tuple[int, int, int],
    library: Sequence[str] | None,
    limit: int,
    added: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Gives the functions that an edge looks like, best first.

    Args:
        edge: layer, source, target.
        library: names or expressions of x to try; None = all that are built in.
        limit: so many at most.
        added: name -> expression of those names that users added.

    Raises:
        EdgeNotFound: no such edge, or that of a category.
        InvalidParameter: an unknown name.
    """
    layer, source, target = edge
    layers = model.state.layers
    if layer >= len(layers) or source >= layers[layer].inputs or target >= layers[layer].outputs:
        raise EdgeNotFound("the network has no such edge; GET …/activations lists them")
    try:
        curve = edge_curve(model.state, layer, source, target)
    except InvalidConfig as error:
        raise EdgeNotFound(error.message) from None
    try:
        wanted = None if library is None else [added.get(name, name) for name in library]
        found = suggestions(curve, wanted, limit)
    except InvalidConfig as error:
        raise InvalidParameter("library", error.message) from None
    names = {expression: name for name, expression in added.items()}
    return [
        {
            "function": names.get(item.fit.function, item.fit.function),
            "text": _text(item.fit),
            "a": item.fit.a,
            "b": item.fit.b,
            "c": item.fit.c,
            "d": item.fit.d,
            "r2": item.fit.r2,
            "complexity": item.complexity,
            "score": item.score,
        }
        for item in found
    ]


def _text(fit: AffineFit) -> str:
    edge = EdgeFormula(0, 0, fit.function, fit.a, fit.b, fit.c, fit.d)
    return text(with_digits(edge_node(edge, Variable("x")), TEXT_DIGITS))
