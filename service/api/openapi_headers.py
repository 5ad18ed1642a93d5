"""What the API document says of the headers of answers: which there are, and which answers have them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from service.api.idempotency import HEADER, REPLAYED
from service.api.problems import PROBLEMS
from service.api.scopes import is_open
from service.domain.errors import IdempotencyKeyInFlight

Json = dict[str, Any]
_VERSION = "/v1/models/{name}/versions/{version}"
_IN_FLIGHT = PROBLEMS[IdempotencyKeyInFlight].slug


@dataclass(frozen=True)
class _Answer:
    """One answer of one operation."""

    method: str
    path: str
    operation: Json
    status: int

    def is_any(self) -> bool:
        return True

    def is_made(self) -> bool:
        """Of a thing that was made, or that was asked to do something."""
        return self.status in (201, 202)

    def is_kept(self) -> bool:
        """Of what may be asked for again by its ETag."""
        return self.status in (200, 304) and "304" in self.operation["responses"]

    def has_etag(self) -> bool:
        is_changed = self.status == 200 and (self.method in ("patch", "put") or self.path.endswith("/publish"))
        return is_changed or self.is_made() or self.is_kept()

    def is_of_version(self) -> bool:
        return self.path.startswith(_VERSION) and self.is_kept()

    def may_be_replayed(self) -> bool:
        return self.is_made() and any(given["name"] == HEADER for given in self.operation.get("parameters", ()))

    def is_predicted(self) -> bool:
        return (self.method, self.path, self.status) == ("post", f"{_VERSION}/predict", 200)

    def is_inferred(self) -> bool:
        return self.path.endswith("/infer") and self.status == 200

    def is_exported(self) -> bool:
        return self.path == f"{_VERSION}/export" and self.status == 200

    def may_be_file(self) -> bool:
        return self.is_exported() or (self.path.endswith("/checkpoints/{number}") and self.status == 200)

    def is_counted(self) -> bool:
        # A refusal stands in one place for all operations, whether they are counted or not.
        return self.status >= 400 or not is_open(self.path)

    def asks_to_wait(self) -> bool:
        shown = self.operation["responses"][str(self.status)].get("content", {}).values()
        return self.status in (429, 503) or any(_IN_FLIGHT in content.get("examples", ()) for content in shown)


# Name -> what it says, an example, and which answers may have it.
_HEADERS: dict[str, tuple[str, str, Callable[[_Answer], bool]]] = {
    "X-Request-ID": ("As it was sent, or made; the log has it too.", "0198f3c1a2b37c4d", _Answer.is_any),
    "ETag": ("Strong; for If-None-Match and If-Match.", '"9b0f4d6c3b9b1c1f0a3c2c4b6f0d2b1e"', _Answer.has_etag),
    "Location": ("Where the thing is.", "/v1/jobs/job_01m855zsk5fwxvgkyv1bs3g32e", _Answer.is_made),
    "Content-Location": (
        "The numbered address of what `latest` or an alias names now.",
        "/v1/models/concrete/versions/3",
        _Answer.is_of_version,
    ),
    REPLAYED: ("The answer is that of an earlier request with the same key.", "true", _Answer.may_be_replayed),
    "X-Model-Version": ("The version that predicted.", "concrete/3", _Answer.is_predicted),
    "Content-Disposition": ("A name for the file.", 'attachment; filename="concrete-3.onnx"', _Answer.may_be_file),
    "X-Export-Certificate": (
        "The certificate as JSON, as `/export/certificate` gives it.",
        '{"rows": 4096, "max_difference": 2.2e-16}',
        _Answer.is_exported,
    ),
    "Inference-Header-Content-Length": ("Bytes of JSON before the raw tensors.", "212", _Answer.is_inferred),
    "RateLimit-Policy": ("Requests that a key has in a window of seconds.", '"key";q=60000;w=60', _Answer.is_counted),
    "RateLimit": ("Requests that are left in this window.", '"key";r=59999;t=1', _Answer.is_counted),
    "Retry-After": ("Seconds after which to try again.", "5", _Answer.asks_to_wait),
}


def add_headers(document: Json) -> None:
    """Adds to each answer the headers that it may have; what each says stands in one place."""
    document["components"]["headers"] = {
        name: {"description": words, "schema": {"type": "string"}, "example": example}
        for name, (words, example, _) in _HEADERS.items()
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, entry in operation["responses"].items():
                answer = _Answer(method, path, operation, int(status))
                _declare(entry, [name for name, (*_, has) in _HEADERS.items() if has(answer)])
    for entry in document["components"]["responses"].values():
        _declare(entry, ["X-Request-ID"])


def _declare(entry: Json, names: list[str]) -> None:
    shared = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    entry["headers"] = {**shared, **entry.get("headers", {})}
