"""What can go wrong with formulas, expressions and functions, as `service/domain/errors.py` says it of the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.domain.errors import DomainError, Fault


class NoFormula(DomainError):
    """Edges that matter are still splines, so that the network is no formula; `edges` lists them."""

    def __init__(self, edges: Sequence[tuple[int, int, int]]) -> None:
        message = "still a spline; fix it to a function, or prune it"
        faults = [Fault("/activations/" + "/".join(map(str, edge)), "spline", message) for edge in edges]
        super().__init__(f"{len(edges)} edges are still splines; fix them to functions or prune them", faults)
        self.edges = tuple(edges)

    @property
    def facts(self) -> Mapping[str, Any]:
        """All the edges; the faults are the first of them."""
        return {"edges": [{"layer": a, "source": b, "target": c} for a, b, c in self.edges]}


class FormulaUnreadable(DomainError):
    """A formula so long that nobody could read it, or with a number too large for a float64."""


class InvalidExpression(DomainError):
    """An expression, or names and ranges for it, that no version can be made of; the faults point at them."""


class InvalidFunction(DomainError):
    """A name or an expression that no function for an edge can be made of; the faults point at it."""


class FunctionExists(DomainError):
    """A user added a function of this name before."""

    def __init__(self, name: str) -> None:
        super().__init__("a function of this name is there already; delete it first, versions that use it stay")
        self.name = name


class FunctionNotFound(DomainError):
    """No user added a function of this name."""

    def __init__(self, name: str) -> None:
        super().__init__("no user added a function of this name; GET /v1/functions lists them")
        self.name = name
