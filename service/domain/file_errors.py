"""What can go wrong with models as files and predictions of jobs, as `service/domain/errors.py` says it of the rest."""

from __future__ import annotations

from service.domain.errors import DomainError


class InvalidModelFile(DomainError):
    """A file that is no model of this program, a damaged one, or one over the limits."""


class ExportUnavailable(DomainError):
    """A version that the format cannot hold, or a format that needs a package this server does not have."""
