"""The functions on a version's edges: as numbers to rebuild and draw, and as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kan.curves import activations
from kan.diagram import diagram
from kan.edge_picture import edge_picture
from kan.errors import InvalidConfig
from service.domain.errors import EdgeNotFound, InvalidParameter
from service.domain.model_cache import LoadedModel

Span = Literal["grid", "data"]
Theme = Literal["light", "dark", "auto"]
View = Literal["diagram", "matrix"]
HeightScale = Literal["own", "shared"]


@dataclass(frozen=True)
class EdgeChoice:
    """Which edges; None = all.

    Attributes:
        layer: index of the layer, from the inputs.
        source, target: index of the node the edge leaves and enters.
    """

    layer: int | None = None
    source: int | None = None
    target: int | None = None


@dataclass(frozen=True)
class Picture:
    """How the network is drawn.

    Attributes:
        view: "diagram" (the paper's picture) or "matrix" (one small curve per edge of a layer); None = by the size.
        theme: "auto" = what the reader's system prefers.
        layer: only this one; None = all.
        top: only so many edges, the most important; None = all.
        points: samples of each curve.
        pruned: with the pruned edges.
        y_scale: "shared" = one for all curves of a layer, "own" = each fills its box.
    """

    view: View | None = None
    theme: Theme = "light"
    layer: int | None = None
    top: int | None = None
    points: int = 40
    pruned: bool = False
    y_scale: HeightScale = "own"


@dataclass(frozen=True)
class EdgePicture:
    """How one edge is drawn.

    Attributes:
        theme: "auto" = what the reader's system prefers.
        points: samples of its curve.
        span: the whole grid, or where training rows were.
    """

    theme: Theme = "light"
    points: int = 200
    span: Span = "grid"


def sampled_curves(
    model: LoadedModel, version_units: Mapping[str, str | None], choice: EdgeChoice, points: int, span: Span
) -> dict[str, Any]:
    """Gives every chosen edge: exact parameters, samples, importance; with the units of the columns.

    Raises:
        EdgeNotFound: the network has no such layer or node.
    """
    _check_layer(model, choice.layer)
    try:
        found = activations(model.state, points, span, layer=choice.layer, source=choice.source, target=choice.target)
    except InvalidConfig as error:
        raise EdgeNotFound(f"{error.field}: {error.message}") from None
    for item in found["encoding"]:
        item["units"] = version_units.get(item["column"])
    for item in found["decoding"]:
        item["units"] = version_units.get(item["name"])
    return found


def drawn_network(model: LoadedModel, picture: Picture) -> str:
    """Gives the network as SVG text; names of columns are escaped in it.

    Raises:
        EdgeNotFound: no such layer.
        InvalidParameter: a picture that cannot be drawn so.
    """
    _check_layer(model, picture.layer)
    try:
        return diagram(
            model.state,
            theme=picture.theme,
            view=picture.view,
            layer=picture.layer,
            top=picture.top,
            points=picture.points,
            pruned=picture.pruned,
            shared_scale=picture.y_scale == "shared",
        )
    except InvalidConfig as error:
        raise InvalidParameter(error.field, error.message) from None


def drawn_edge(
    model: LoadedModel, version_units: Mapping[str, str | None], edge: tuple[int, int, int], picture: EdgePicture
) -> str:
    """Gives one edge (layer, source, target) as SVG text, its axes in the units of the columns.

    Raises:
        EdgeNotFound: the network has no such edge.
    """
    layer, source, target = edge
    _check_layer(model, layer)
    encoding, held = model.state.encoding, model.state.layers[layer]
    if source >= held.inputs or target >= held.outputs:
        raise EdgeNotFound(f"expected a source below {held.inputs} and a target below {held.outputs}")
    x_unit = version_units.get(encoding.inputs[source].column) if encoding and layer == 0 else None
    is_output = encoding is not None and layer == len(model.state.layers) - 1 and target < held.plain
    y_unit = version_units.get(encoding.output_names[target]) if encoding and is_output else None
    return edge_picture(
        model.state,
        *edge,
        theme=picture.theme,
        points=picture.points,
        span=picture.span,
        x_unit=x_unit,
        y_unit=y_unit,
    )


def column_units(signature: Mapping[str, Any]) -> dict[str, str | None]:
    """Gives column -> unit of a version's signature."""
    columns: Sequence[Mapping[str, Any]] = [*signature.get("inputs", ()), *signature.get("outputs", ())]
    return {column["name"]: column.get("units") for column in columns}


def _check_layer(model: LoadedModel, layer: int | None) -> None:
    if layer is not None and layer >= len(model.state.layers):
        raise EdgeNotFound(f"expected a layer from 0 to {len(model.state.layers) - 1}")
