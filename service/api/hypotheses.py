"""Hypotheses over HTTP: separability and symmetry, on any version."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request

from service.api.dependencies import ModelsDep, ReadingSessionDep
from service.api.few_at_once import few_at_once
from service.api.problems import problem_responses
from service.api.schemas.hypotheses import HypothesisAsked, HypothesisRead
from service.domain import errors, models
from service.domain.reading.hypotheses import Hypothesis, tested

router = APIRouter(prefix="/v1/models/{name}/versions/{version}", tags=["formulas"])


@router.post(
    "/hypotheses",
    operation_id="testHypothesis",
    summary="Test whether a target splits into parts, or knows two columns only together",
    responses=problem_responses(
        errors.ModelNotFound, errors.VersionNotFound, errors.InvalidHypothesis, errors.MalformedBody
    ),
)
@few_at_once
def test_hypothesis(
    name: str, version: str, request: Request, body: HypothesisAsked, session: ReadingSessionDep, cache: ModelsDep
) -> HypothesisRead:
    """By predictions of rows whose columns are mixed or moved; nothing is stored."""
    row = models.get_version(session, name, version)
    found = tested(session, row, cache.model_of(session, row), Hypothesis(**body.model_dump()))
    return HypothesisRead(model=row.model_name, version=row.version, **body.model_dump(), **asdict(found))
