"""Where a version comes from and what it is called: the edit that made it, its relatives, its aliases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from kan.curves import node_names, sum_names
from kan.state import NetworkState
from service.domain import aliases, model_lists
from service.store.tables import VersionRow
from service.ui.panels.scores import ScoreTable, main_score, score_changes
from service.ui.words import number

MOST_VERSIONS = 50
_DONE = {"prune_edge": "pruned", "restore_edge": "restored", "unfix": "made a spline again", "fix_symbolic": "fixed"}


@dataclass(frozen=True)
class Alias:
    """A name that stands for a version; `etag` is what moving it on must show."""

    name: str
    version: int
    etag: str


@dataclass(frozen=True)
class Relative:
    """One version of the same model, as a list shows it."""

    version: int
    status: str
    origin: str
    score: str | None
    aliases: list[str]
    created_at: datetime


@dataclass(frozen=True)
class Relatives:
    """Versions of one model.

    Attributes:
        listed: newest first.
        before: the number below which there are more than are listed; None where all are.
    """

    listed: list[Relative]
    before: int | None


@dataclass(frozen=True)
class Change:
    """The edit that made a version.

    Attributes:
        of: number of the version that was edited.
        done: in words, one for each operation.
        scores: of each part, every score before and after.
        gaps: in words, how much each output changed on the training rows.
        warnings: formulas without a value somewhere.
        unmeasured: why there are no scores; None where there are.
    """

    of: int
    done: list[str]
    scores: ScoreTable
    gaps: list[str]
    warnings: list[str]
    unmeasured: str | None


def change_of(version: VersionRow, state: NetworkState) -> Change | None:
    """Gives the edit that made a version, None where something else did."""
    if version.edit is None:
        return None
    edit, certificate = version.edit, version.edit.get("certificate") or {}
    return Change(
        of=edit["of"],
        done=_done(edit, state),
        scores=score_changes(edit.get("metrics_before") or {}, version.metrics),
        gaps=[_gap(item, certificate["rows"]) for item in certificate.get("outputs", ())],
        warnings=list(certificate.get("warnings", ())),
        unmeasured=edit.get("unmeasured"),
    )


def list_aliases(session: Session, model_name: str) -> list[Alias]:
    """Gives the aliases of a model."""
    found = aliases.list_aliases(session, model_name)
    return [Alias(row.alias, row.version, f'"{aliases.revision_of(row)}"') for row in found if row.version is not None]


def relatives(session: Session, shown: VersionRow, named: Sequence[Alias]) -> Relatives:
    """Gives the newest versions of a model, and the shown one among them."""
    found = model_lists.list_versions(session, shown.model_name, MOST_VERSIONS)
    listed = found.entries
    oldest = listed[-1].version if found.more else None
    if all(row.version != shown.version for row in listed):
        listed.append(shown)
    return Relatives([_relative(row, named) for row in listed], oldest)


def _relative(row: VersionRow, named: Sequence[Alias]) -> Relative:
    return Relative(
        version=row.version,
        status=row.status,
        origin=_origin(row),
        score=main_score(row.metrics),
        aliases=[alias.name for alias in named if alias.version == row.version],
        created_at=row.created_at,
    )


def _origin(row: VersionRow) -> str:
    if row.edit is not None:
        how = "a checkpoint" if row.edit.get("checkpoint") else ", ".join(_verbs(row.edit)) or "an edit"
        return f"{how}, from version {row.edit['of']}"
    made = {"expression": "expression", "imported": "import"}
    return next((words for fact, words in made.items() if fact in row.training), "training")


def _verbs(edit: Mapping[str, Any]) -> list[str]:
    return [str(operation.get("op", "edit")).replace("_", " ") for operation in edit.get("operations", ())]


def _done(edit: Mapping[str, Any], state: NetworkState) -> list[str]:
    if edit.get("checkpoint"):
        return [f"checkpoint {edit['checkpoint']['number']} was promoted"]
    fitted = ["fitted again"] if edit.get("fit") else []
    return [_words(operation, state) for operation in edit.get("operations", ())] + fitted


def _words(operation: Mapping[str, Any], state: NetworkState) -> str:
    name = str(operation.get("op"))
    if name not in _DONE or not all(isinstance(operation.get(key), int) for key in ("layer", "source", "target")):
        return name.replace("_", " ")
    to = f" to {operation.get('function')}" if name == "fix_symbolic" else ""
    return f"{edge_name(state, operation['layer'], operation['source'], operation['target'])} was {_DONE[name]}{to}"


def edge_name(state: NetworkState, layer: int, source: int, target: int) -> str:
    """Gives the ends of an edge in words; its numbers where the network has no such edge any more."""
    names = node_names(state)
    if layer < len(state.layers):
        targets = sum_names(state.layers[layer], names[layer + 1])
        if source < len(names[layer]) and target < len(targets):
            return f"{names[layer][source]} → {targets[target]}"
    return f"edge {layer}, {source}, {target}"


def _gap(output: Mapping[str, Any], rows: int) -> str:
    if output.get("max_change") is None:
        return f"{output['output']}: {output.get('reason') or 'not measured'}"
    most, typical = number(output["max_change"]), number(output["rms_change"])
    return f"{output['output']} changes by at most {most}, typically {typical}, on {rows:,} training rows"
