"""The spec of an edit job as it is sent: which version, what is done to it, and the stage that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from service.domain.editing.edit_jobs import asked_edit, resolve_fitted_edit
from service.domain.limits import Limits
from service.domain.model_cache import ModelCache
from service.domain.specs.job_specs import JobDraft, job_facts
from service.domain.specs.versions import named_version


def resolve_edit_spec(session: Session, cache: ModelCache, spec: Mapping[str, Any], limits: Limits) -> JobDraft:
    """Checks the spec of an edit job and says what would run; stores nothing.

    Args:
        session: to read with.
        cache: of networks.
        spec: model, version, operations, fit, publish, and what every job may say.
        limits: for the job, and for the network afterwards and its training.

    Raises:
        InvalidSpec: no such version, or what every job may say has values outside their range.
        InvalidEdit: an operation or a stage that does not fit; the faults point at it.
        TrainingDataGone: the data set was deleted, or the version has learnt from none.
    """
    facts = job_facts(spec, limits)
    version = named_version(session, spec)
    asked = asked_edit(session, spec["operations"], spec["fit"], publish=bool(spec.get("publish")))
    draft = resolve_fitted_edit(session, version, cache.model_of(session, version).state, asked, limits)
    return replace(draft, spec=dict(spec), **facts)
