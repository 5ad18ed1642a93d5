"""The pages of jobs: the list, and one job with its log."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.domain import jobs
from service.ui.rendering import SessionDep, html_page, is_locked

router = APIRouter(include_in_schema=False)

_SHOWN = 50


@router.get("/jobs")
def jobs_page(request: Request, session: SessionDep) -> Response:
    """The newest jobs; the script pages, filters and follows."""
    locked = is_locked(request)
    found = [] if locked else [view.row for view in jobs.list_jobs(session, _SHOWN).entries]
    return html_page("jobs.html", locked=locked, jobs=found)


@router.get("/jobs/{job_id}")
def job_page(job_id: str, request: Request, session: SessionDep) -> Response:
    """One job: state, progress, the end or the reason, and the last events."""
    if is_locked(request):
        return html_page("job.html", locked=True, job_id=job_id, row=None, steps=(), is_over=True, events=())
    view = jobs.get_job(session, job_id)
    events = jobs.list_events(session, job_id, max(0, view.row.event_seq - _SHOWN), _SHOWN)
    return html_page(
        "job.html",
        locked=False,
        job_id=job_id,
        row=view.row,
        steps=view.transitions,
        is_over=view.is_terminal,
        events=events,
    )
