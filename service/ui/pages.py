"""The pages: what is there (models, jobs, data sets), one model, one job; the API gives all of it too."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy.orm import Session

from service.domain import curves, datasets, jobs, models
from service.domain.curves import Picture
from service.ui.words import call_line, duration, metric_rows, number, when

router = APIRouter(include_in_schema=False)

_SHOWN = 50
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_pages = Environment(
    loader=PackageLoader("service.ui"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters.update(duration=duration, number=number, when=when)


def _session(request: Request) -> Iterator[Session]:
    with request.app.state.reading_sessions() as session:
        yield session


SessionDep = Annotated[Session, Depends(_session, scope="function")]


@router.get("/")
def index(session: SessionDep) -> Response:
    """Models with their pictures, jobs with their progress, data sets."""
    return _page(
        "index.html",
        models=models.list_models(session, _SHOWN),
        jobs=[view.row for view in jobs.list_jobs(session, _SHOWN)],
        datasets=datasets.list_datasets(session, _SHOWN),
    )


@router.get("/models/{name}")
def model_page(name: str, request: Request, session: SessionDep, version: str = models.LATEST) -> Response:
    """One version: its picture, metrics, columns, and how to call it."""
    row = models.get_version(session, name, version)
    picture = curves.drawn_network(request.app.state.models.model_of(session, row), Picture(theme="auto"))
    return _page(
        "model.html",
        picture,
        row=row,
        versions=models.list_versions(session, name, _SHOWN),
        metrics=metric_rows(row.metrics),
        call=call_line(str(request.base_url), row.model_name, row.version, row.signature),
    )


@router.get("/jobs/{job_id}")
def job_page(job_id: str, session: SessionDep) -> Response:
    """One job: state, progress, the end or the reason, and the last events."""
    view = jobs.get_job(session, job_id)
    events = jobs.list_events(session, job_id, max(0, view.row.event_seq - _SHOWN), _SHOWN)
    return _page("job.html", row=view.row, steps=view.transitions, is_over=view.is_terminal, events=events)


@router.get("/static/style.css")
def stylesheet() -> Response:
    """The one stylesheet."""
    content = files("service.ui").joinpath("static", "style.css").read_bytes()
    return Response(content, media_type="text/css", headers={"Cache-Control": "no-cache"})


def _page(template: str, picture: str = "", **facts: object) -> Response:
    """Gives a page whose policy lets nothing run; the picture's own rules are let in by their hash."""
    text = _pages.get_template(template).render(picture=picture, **facts)
    hashes = "".join(f" 'sha256-{_digest(rules)}'" for rules in _STYLE.findall(picture))
    policy = (
        f"default-src 'none'; style-src 'self'{hashes}; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
    return Response(text, media_type="text/html", headers=headers)


def _digest(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()
