"""What stays of a job beside what it goes on from: a network from the middle of a training, or answers."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.domain.checkpoints import add_checkpoint
from service.domain.predict_jobs.part import PredictedPart
from service.domain.predict_jobs.reading import add_part
from service.domain.trained_model import TrainingMoment
from service.store.blobs import keep_blob

Moment = TrainingMoment | PredictedPart


def bytes_of(moment: Moment) -> bytes:
    """Gives what is to be kept of it."""
    return moment.content if isinstance(moment, PredictedPart) else moment.model


def keep_moment(session: Session, job_id: str, moment: Moment, blob_sha256: str) -> None:
    """Makes sure of its bytes, and refers to them; the caller, who holds the job, commits."""
    keep_blob(session, blob_sha256, bytes_of(moment))
    if isinstance(moment, PredictedPart):
        add_part(session, job_id, moment, blob_sha256)
    else:
        add_checkpoint(session, job_id, moment, blob_sha256)
