"""What an evaluation of a network costs, counted in edges."""

from kan.state import LayerState, NetworkState
from kan.symbolic.bessel import BESSEL_POINTS
from kan.symbolic.complexity import parts
from kan.symbolic.grammar import Call
from kan.symbolic.written import is_written, written_root
from kan.written_edges import library_form


def evaluated_edges(state: NetworkState) -> int:
    """Gives the live edges, those of what people wrote too; a J0 counts as the points of its integral."""
    known = library_form(state)
    if known is not None:
        return sum(_edges(layer) for layer in known.layers)
    written = (edge.function for layer in state.layers for edge in layer.formulas if is_written(edge.function))
    return sum(map(_edges, state.layers)) + sum(map(_operations, written))


def bessel_edges(layer: LayerState) -> int:
    """Gives how many edges of a layer of the library's functions are a J0."""
    return sum(edge.function == "j0" for edge in layer.formulas)


def _operations(function: str) -> int:
    """Gives the steps that an expression takes, which is evaluated by its tree."""
    found = list(parts(written_root(function)))
    bessels = sum(isinstance(part, Call) and part.function == "j0" for part in found)
    return len(found) + bessels * (BESSEL_POINTS - 1)


def _edges(layer: LayerState) -> int:
    return int(layer.live.sum()) + bessel_edges(layer) * (BESSEL_POINTS - 1)
