"""The model page: a version's formula, network, inputs to try, scores and lineage, whole in the first HTML."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from kan.diagram import default_view
from kan.diagram_theme import picture
from kan.state import NetworkState
from service.domain import curves, models
from service.domain.ancestors import judge_of
from service.domain.curves import Picture
from service.domain.datasets import get_dataset
from service.domain.model_cache import LoadedModel
from service.store.tables import VersionRow
from service.ui.panels.calls import call_bodies
from service.ui.panels.formula import formula_panel
from service.ui.panels.inputs import input_fields
from service.ui.panels.lineage import change_of, list_aliases, relatives
from service.ui.panels.scores import main_score, score_table
from service.ui.rendering import SessionDep, html_page, is_locked
from service.ui.words import call_line, duration

router = APIRouter(include_in_schema=False)

# Its rules are let in where the content, and pictures in it, come later.
NOTHING = picture("", 0, 0, "", "auto")
# The first HTML of a large network stays light; whoever opens an edge gets a fine curve.
FINE_POINTS, COARSE_POINTS, MANY_EDGES = 40, 24, 60
MOST_EDGES, FIRST_EDGES = 200, 60
# Of fewer test rows no interval of this level can be promised.
INTERVAL, INTERVAL_ROWS = "0.9", 9


@router.get("/models/{name}")
def model_page(name: str, request: Request, session: SessionDep, version: str = models.LATEST) -> Response:
    """One version, the latest published one if none is named; where keys are asked for, a page without data."""
    if is_locked(request):
        return html_page("model_locked.html", picture=NOTHING, locked=True)
    return _page(name, version, request, session)


@router.get("/parts/models/{name}")
def model_part(name: str, request: Request, session: SessionDep, version: str = models.LATEST) -> Response:
    """The same page for its own script, which asks with a key and puts the content in place."""
    return _page(name, version, request, session)


def _page(name: str, version: str, request: Request, session: Session) -> Response:
    row = _wanted(session, name, version)
    model: LoadedModel = request.app.state.models.model_of(session, row)
    drawing = first_picture(model.state)
    facts = _facts(session, row, model, str(request.base_url)) | {"drawing": drawing}
    return html_page("model.html", picture=curves.drawn_network(model, drawing), locked=is_locked(request), **facts)


def _wanted(session: Session, name: str, version: str) -> VersionRow:
    """Gives the version that an address names; the newest draft where nothing is published and none is named."""
    if version != models.LATEST:
        return models.get_version(session, name, version)
    found = models.get_model(session, name)
    return found.latest or found.newest


def first_picture(state: NetworkState) -> Picture:
    """Gives how a network is drawn at first: of a very large one the edges that matter most."""
    live = _live(state)
    return Picture(
        view=default_view(state),
        theme="auto",
        points=COARSE_POINTS if live > MANY_EDGES else FINE_POINTS,
        top=FIRST_EDGES if live > MOST_EDGES else None,
    )


def interval_level(row: VersionRow) -> str:
    """Gives the level of the interval that is shown, empty where the version has too few test rows for one."""
    kept = row.training.get("residuals") or [{"rows": 0}]
    return INTERVAL if min(item["rows"] for item in kept) >= INTERVAL_ROWS else ""


def _facts(session: Session, row: VersionRow, model: LoadedModel, origin: str) -> dict[str, Any]:
    fields = input_fields(row, model)
    named = list_aliases(session, row.model_name)
    return {
        "row": row,
        "origin": origin.rstrip("/"),
        "address": f"/v1/models/{row.model_name}/versions/{row.version}",
        "heading": _heading(session, row, model.state),
        "formula": formula_panel(session, row, model),
        "fields": fields,
        "outputs": [{"name": item.name, "unit": _unit(row, item.name)} for item in model.encoding.outputs],
        "is_classification": model.encoding.task == "classification",
        "scores": score_table(row.metrics),
        "change": change_of(row, model.state),
        "aliases": named,
        "relatives": relatives(session, row, named),
        "line": call_line(origin, row.model_name, row.version, row.signature),
        "bodies": call_bodies(row, fields),
        "judge": judge_of(session, row),
        "interval": interval_level(row),
        "shape": json.dumps([[layer.inputs, layer.outputs] for layer in model.state.layers]),
        "edges": {"live": _live(model.state), "symbolic": sum(len(layer.formulas) for layer in model.state.layers)},
    }


def _heading(session: Session, row: VersionRow, state: NetworkState) -> list[str]:
    """Gives what the line under the name says."""
    live = _live(state)
    words = ["KAN " + "-".join(map(str, state.widths)), "1 edge" if live == 1 else f"{live} edges"]
    score = main_score(row.metrics)
    seconds = row.training.get("seconds")
    words += [score] if score else []
    words += [f"trained {duration(seconds)}"] if seconds is not None else []
    words += [f"on {get_dataset(session, row.dataset_id).name}"] if row.dataset_id else []
    return words


def _live(state: NetworkState) -> int:
    return sum(int(layer.live.sum()) for layer in state.layers)


def _unit(row: VersionRow, output: str) -> str | None:
    return curves.column_units(row.signature).get(output)
