"""What can go wrong, as facts with fields; status and words over HTTP are `api/problems.py`'s business."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in what was sent.

    Attributes:
        pointer: where, as a JSON pointer into the body ("/rows/0/3") or "?name" for a query parameter.
        code: a stable word for programs, such as "unknown_column".
        message: what was expected; never the value that came.
    """

    pointer: str
    code: str
    message: str


class DomainError(Exception):
    """The parent of every refusal that the service makes on purpose; `str(error)` is a sentence for the user."""

    faults: tuple[Fault, ...] = ()
    # After which the same request may fare better; None where waiting does not help, or nobody knows.
    retry_after_seconds: int | None = None

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)

    @property
    def facts(self) -> Mapping[str, Any]:
        """Members that the problem has beside those of every problem."""
        return {}


class DatasetNotFound(DomainError):
    """No data set has this id."""

    def __init__(self, dataset_id: str) -> None:
        super().__init__("no data set has this id; GET /v1/datasets lists them")
        self.dataset_id = dataset_id


class DatasetInUse(DomainError):
    """A data set that a live job or a model refers to."""

    def __init__(self, dataset_id: str, users: Sequence[str]) -> None:
        super().__init__(
            f"the data set is used by {', '.join(users)}; delete those first, or add ?force=true for models"
        )
        self.dataset_id = dataset_id
        self.users = tuple(users)


class InvalidTable(DomainError):
    """A table that cannot be read: each fault says where (line, column) and what was expected."""


class JobNotFound(DomainError):
    """No job has this id."""

    def __init__(self, job_id: str) -> None:
        super().__init__("no job has this id; GET /v1/jobs lists them")
        self.job_id = job_id


class IllegalJobStep(DomainError):
    """A step that the job's state does not allow."""

    def __init__(self, job_id: str, status: str, step: str) -> None:
        super().__init__(f"a job that is {status} cannot {step}")
        self.job_id = job_id
        self.status = status
        self.step = step


class IfMatchMissing(DomainError):
    """A change without the If-Match header, which says what the caller has seen."""

    def __init__(self) -> None:
        super().__init__("send If-Match with the ETag of the last GET, or * to change whatever is there")


class IfMatchFailed(DomainError):
    """A change to what is no longer as the caller has seen it."""

    def __init__(self) -> None:
        super().__init__("it has changed since; read it again and decide anew")


class InvalidSpec(DomainError):
    """A job spec with unknown names or values outside their range; the faults point into it."""


class TooManyJobs(DomainError):
    """The queue is full."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} jobs are queued already; try again when some have run")
        self.limit = limit


class TooManyStreams(DomainError):
    """This process follows as many jobs as it may."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} event streams are open already; read the log as JSON, or try again later")
        self.limit = limit


class ModelNotFound(DomainError):
    """No model has this name."""

    def __init__(self, model_name: str) -> None:
        super().__init__("no model has this name; GET /v1/models lists them")
        self.model_name = model_name


class VersionNotFound(DomainError):
    """The model has no version with this number, or none at all."""

    words = "the model has no such version; GET /v1/models/{name}/versions lists them"

    def __init__(self, model_name: str, version: str) -> None:
        super().__init__(self.words)
        self.model_name = model_name
        self.version = version


class VersionGone(VersionNotFound):
    """A version that was deleted; its number is never given again."""

    words = "the version was deleted for good; GET /v1/models/{name}/versions lists those that are left"


class CheckpointNotFound(DomainError):
    """The training of this version has no checkpoint with this number, or something else made the version."""

    def __init__(self, number: str) -> None:
        super().__init__("the version's training has no such checkpoint; GET .../checkpoints lists them")
        self.number = number


class CheckpointGone(DomainError):
    """A checkpoint that was kept once; its bytes were thinned out."""

    def __init__(self, number: str) -> None:
        super().__init__("the bytes of this checkpoint are not kept any more; GET .../checkpoints says which are")
        self.number = number


class VersionInUse(DomainError):
    """A version that an alias names."""

    def __init__(self, aliases: Sequence[str]) -> None:
        super().__init__(f"the version has the alias {', '.join(aliases)}; move it on or delete it first")


class AliasNotFound(DomainError):
    """No such alias."""

    def __init__(self) -> None:
        super().__init__("the model has no such alias; GET /v1/models/{name}/aliases lists them")


class InvalidAlias(DomainError):
    """A name that no alias can have."""


class InvalidEdit(DomainError):
    """Operations that are none, or that do not fit the network; the faults point at them."""


class EdgeNotFound(DomainError):
    """The network has no such layer or edge."""


class InvalidHypothesis(DomainError):
    """A hypothesis that cannot be put to the version: its columns are none, too many, or no numbers."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(f"{pointer}: {message}", [Fault(pointer, "invalid_value", message)])


class TrainingDataGone(DomainError):
    """What was asked for is measured on training rows, and their data set is deleted."""

    def __init__(self) -> None:
        super().__init__("the data set of the version is gone, or it never had one, so that nothing can be measured")


class InvalidRows(DomainError):
    """Rows that do not fit a model's signature, or that are not JSON numbers; each fault has its path."""


class OutsideTrainingRange(DomainError):
    """Rows outside the training range, where the caller asked for them to be refused."""

    def __init__(self, count: int, faults: Iterable[Fault]) -> None:
        super().__init__(f"{count} values lie outside the training range and ?domain=reject was asked for", faults)
        self.count = count


class InvalidParameter(DomainError):
    """A query parameter with an unknown name or a value outside its range."""

    def __init__(self, name: str, message: str, code: str = "invalid_value") -> None:
        super().__init__(f"query parameter {name}: {message}", [Fault(f"?{name}", code, message)])
        self.name = name


class MalformedBody(DomainError):
    """A body that is not what its Content-Type says: broken JSON, no UTF-8, no Parquet file."""


class BodyTooLarge(DomainError):
    """More bytes, rows or cells than the limit."""

    def __init__(self, what: str, limit: int, hint: str = "") -> None:
        super().__init__(f"expected at most {limit:,} {what}" + (f"; {hint}" if hint else ""))
        self.what = what
        self.limit = limit


class UnsupportedMediaType(DomainError):
    """A Content-Type (or Content-Encoding) that this address does not read."""

    def __init__(self, accepted: Sequence[str], header: str = "Content-Type") -> None:
        super().__init__(f"expected the {header} to be one of {', '.join(accepted)}")
        self.accepted = tuple(accepted)


class NotAcceptable(DomainError):
    """An Accept header that names none of the formats of this address."""

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__(f"this address answers in {', '.join(offered)}")
        self.offered = tuple(offered)


class PngUnavailable(DomainError):
    """This server draws no PNG: the package for it is not installed, or no font."""


class IdempotencyKeyReused(DomainError):
    """The same Idempotency-Key with another body."""

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used with another body; take a new key for a new request")


class IdempotencyKeyInFlight(DomainError):
    """The first request with this Idempotency-Key has not ended yet."""

    def __init__(self) -> None:
        super().__init__("the first request with this Idempotency-Key is still running; try again in a second")


class InvalidApiKey(DomainError):
    """No API key, or one that is unknown or revoked."""

    def __init__(self) -> None:
        super().__init__("send Authorization: Bearer kan_<id>_<secret>; kan keys create makes one")


class ForeignOrigin(DomainError):
    """A web page of another site tries to drive this server."""

    def __init__(self) -> None:
        super().__init__("requests from web pages of another origin are refused")


class UnlistedHost(DomainError):
    """A Host header that this server is not known by (a sign of DNS rebinding)."""

    def __init__(self) -> None:
        super().__init__("this server does not answer for this Host; KAN_ALLOWED_HOSTS lists those it does")


class StoreUnavailable(DomainError):
    """The database cannot be reached or is not migrated."""

    def __init__(self, message: str = "the database cannot be reached; try again in a few seconds") -> None:
        super().__init__(message)


class StoredDataDamaged(DomainError):
    """Stored bytes whose hash or format is wrong: a defect of the store, never of the request."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the stored bytes of this {what} are damaged")
        self.what = what
