"""What an evaluation of a network costs, counted in edges."""

from kan.state import LayerState, NetworkState
from kan.symbolic.bessel import BESSEL_POINTS
from kan.written_edges import with_library_only


def evaluated_edges(state: NetworkState) -> int:
    """Gives the live edges, those of what people wrote too; a J0 counts as the points of its integral."""
    return sum(_edges(layer) for layer in with_library_only(state).layers)


def bessel_edges(layer: LayerState) -> int:
    """Gives how many edges of a layer of the library's functions are a J0."""
    return sum(edge.function == "j0" for edge in layer.formulas)


def _edges(layer: LayerState) -> int:
    return int(layer.live.sum()) + bessel_edges(layer) * (BESSEL_POINTS - 1)
