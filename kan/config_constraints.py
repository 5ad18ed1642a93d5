"""The shape that an edge keeps while it is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from kan.config_checks import check_choice, check_int
from kan.errors import InvalidConfig

SHAPES = ("increasing", "decreasing", "convex", "concave")
KINDS = (*SHAPES, "zero")


@dataclass(frozen=True)
class Constraint:
    """An edge and its shape.

    Attributes:
        layer, source, target: the edge.
        kind: "increasing" and "decreasing" (constant pieces are allowed), "convex", "concave" or "zero".
    """

    layer: int
    source: int
    target: int
    kind: str

    def __post_init__(self) -> None:
        for name in ("layer", "source", "target"):
            check_int(name, getattr(self, name), 0, None)
        check_choice("kind", self.kind, KINDS)

    @property
    def edge(self) -> tuple[int, int, int]:
        """Layer, source and target."""
        return self.layer, self.source, self.target


def named_constraints(values: object) -> tuple[Constraint, ...] | None:
    """Gives what `constraints_of` gives; None, which stands for the shapes that the network keeps, stays None."""
    return None if values is None else constraints_of(values)


def constraints_of(values: object) -> tuple[Constraint, ...]:
    """Gives constraints, of plain objects such as `{"layer": 0, "source": 1, "target": 0, "kind": "convex"}` too.

    Raises:
        InvalidConfig: anything else, or an edge that is named twice; its field is a path such as `constraints/0/kind`.
    """
    if not isinstance(values, Sequence) or isinstance(values, str | bytes):
        raise InvalidConfig("constraints", "expected a list of constraints")
    found: list[Constraint] = []
    for number, value in enumerate(values):
        constraint = _constraint(value, f"constraints/{number}")
        if any(constraint.edge == other.edge for other in found):
            raise InvalidConfig(f"constraints/{number}", "the edge has a constraint already")
        found.append(constraint)
    return tuple(found)


def _constraint(value: object, path: str) -> Constraint:
    if isinstance(value, Constraint):
        return value
    names = [field.name for field in fields(Constraint)]
    if not isinstance(value, Mapping) or sorted(map(str, value)) != sorted(names):
        raise InvalidConfig(path, f"expected an object with {', '.join(names)}")
    try:
        return Constraint(**value)
    except InvalidConfig as error:
        raise InvalidConfig(f"{path}/{error.field}", error.message) from error
