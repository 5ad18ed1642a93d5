"""Where an edit takes place: layers, nodes and edges by number, refused where the network has none."""

from dataclasses import replace

from kan.errors import InvalidConfig
from kan.state import LayerState, NetworkState


def layer_at(state: NetworkState, layer: int) -> LayerState:
    """Gives one layer.

    Raises:
        InvalidConfig: the network has no such layer.
    """
    check_index("layer", layer, len(state.layers), "layer")
    return state.layers[layer]


def hidden_layer_at(state: NetworkState, layer: int) -> LayerState:
    """Gives a layer whose nodes are hidden.

    Raises:
        InvalidConfig: the network has no such layer, or its nodes are the outputs.
    """
    held = layer_at(state, layer)
    if layer == len(state.layers) - 1:
        raise InvalidConfig("layer", "expected a layer with hidden nodes behind it; the outputs stay as they are")
    return held


def check_edge(layer: LayerState, source: int, target: int) -> None:
    """Checks that a layer has an edge.

    Raises:
        InvalidConfig: it has no such source or target.
    """
    check_index("source", source, layer.inputs, "input of the layer")
    check_index("target", target, layer.outputs, "sum of the layer")


def check_index(field: str, index: int, count: int, what: str) -> None:
    """Checks that a number names one of `count` things.

    Raises:
        InvalidConfig: it names none.
    """
    if not 0 <= index < count:
        article = "an" if what[0] in "aeiou" else "a"
        raise InvalidConfig(field, f"expected the number of {article} {what}, 0 to {count - 1}")


def with_layer(state: NetworkState, index: int, layer: LayerState) -> NetworkState:
    """Gives the network with another layer in the place of one."""
    layers = list(state.layers)
    layers[index] = layer
    return replace(state, layers=tuple(layers))
