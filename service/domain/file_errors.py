"""What can go wrong with models as files and predictions of jobs, as `service/domain/errors.py` says it of the rest."""

from __future__ import annotations

from service.domain.errors import DomainError


class InvalidModelFile(DomainError):
    """A file that is no model of this program, a damaged one, or one over the limits."""


class NoPredictions(DomainError):
    """A job of another kind than predict, which has no predictions."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"this is a {kind} job; only predict jobs have predictions")
        self.kind = kind


class ExportUnavailable(DomainError):
    """A version that the format cannot hold, or a format that needs a package this server does not have."""
