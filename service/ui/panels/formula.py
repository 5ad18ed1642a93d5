"""The formula panel: each output as an expression with its measured gap, or how far it is from being one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kan.importance import edge_importance
from kan.state import NetworkState
from service.domain.curves import column_units
from service.domain.model_cache import LoadedModel
from service.domain.reading.formula_errors import FormulaUnreadable, NoFormula
from service.domain.reading.formulas import Measured, VersionFormula, nearby_gaps, version_formulas
from service.store.tables import VersionRow
from service.ui.panels.formula_lines import pieces
from service.ui.words import share

# Layer, source, target.
Edge = tuple[int, int, int]

DIGITS = 4
# Of more than this nobody reads a line, and a browser takes long to lay it out.
MOST_SHOWN = 150


@dataclass(frozen=True)
class Shown:
    """One output of a formula.

    Attributes:
        output: its name, with its unit.
        mathml: trusted markup; empty where the expression is too long to be shown.
        size: names, numbers and operations.
        gap: in words what the expression is worth.
        note: how probabilities come from logits.
    """

    output: str
    mathml: str
    size: int
    gap: str
    note: str | None


@dataclass(frozen=True)
class FormulaPanel:
    """What is known of the formula of a version.

    Attributes:
        shown: one for each output; none where there is no formula.
        missing: in words why there is none.
        splines: those edges that stand in its way, what matters most first.
        warnings: functions without a value on or close to the training range.
    """

    shown: list[Shown]
    missing: str | None = None
    splines: tuple[Edge, ...] = ()
    warnings: tuple[str, ...] = ()


def formula_panel(session: Session, version: VersionRow, model: LoadedModel) -> FormulaPanel:
    """Gives the formulas of a version, measured, or why there are none."""
    try:
        found = version_formulas(session, version, model, DIGITS)
    except NoFormula as error:
        return FormulaPanel([], _splines_left(model.state, len(error.edges)), _ranked(model.state, error.edges))
    except FormulaUnreadable as error:
        return FormulaPanel([], f"The network is a formula that nobody could read: {error}.")
    units = column_units(version.signature)
    shown = [_shown(item, units.get(item.printed.output)) for item in found]
    return FormulaPanel(shown, warnings=tuple(nearby_gaps(model)))


def _ranked(state: NetworkState, edges: Sequence[Edge]) -> tuple[Edge, ...]:
    importance = edge_importance(state)
    return tuple(sorted(edges, key=lambda edge: -importance[edge[0]][edge[1:]]))


def _splines_left(state: NetworkState, count: int) -> str:
    live = sum(int(layer.live.sum()) for layer in state.layers)
    are = "is still a spline" if count == 1 else "are still splines"
    return f"{count} of {live} edges {are}."


def _shown(found: VersionFormula, unit: str | None) -> Shown:
    size = found.printed.complexity
    name = found.printed.output if found.printed.kind == "value" else f"logit of {found.printed.output}"
    return Shown(
        output=f"{name} ({unit})" if unit and found.printed.kind == "value" else name,
        mathml=pieces(found.written("mathml")) if size <= MOST_SHOWN else "",
        size=size,
        gap=" ".join([_against_network(found, unit), _against_data(found.r2_test)]),
        note=found.printed.note,
    )


def _against_network(found: VersionFormula, unit: str | None) -> str:
    if found.undefined_rows:
        return f"In {found.undefined_rows:,} of {found.rows:,} rows the network has a value and the formula none."
    apart = f"at most {found.max_gap:.2g}{' ' + unit if unit else ''} apart on {found.rows:,} rows"
    return f"Against the network: {_r2(found.r2_network)}{apart}."


def _against_data(r2: Measured) -> str:
    if r2.value is None:
        return f"Held-out data: {r2.reason}."
    return f"On the test rows: R² {share(r2.value)}."


def _r2(r2: Measured) -> str:
    return "" if r2.value is None else f"R² {share(r2.value)}, "
