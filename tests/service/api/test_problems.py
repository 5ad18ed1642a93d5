"""Every domain error has its row, its section in docs/errors.md, and a body that echoes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.api.problems import EDGE_PROBLEMS, PROBLEMS, problem_body, problem_response
from service.domain import errors
from service.domain.errors import DomainError, Fault

SCOPE = {"path": "/v1/x", "state": {"request_id": "abc"}}


def subclasses(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


def test_every_domain_error_has_a_row_of_its_own() -> None:
    assert [kind.__name__ for kind in subclasses() if kind not in PROBLEMS] == []
    assert errors.DomainError not in PROBLEMS


def test_every_problem_has_a_section_in_the_errors_page() -> None:
    page = Path("docs/errors.md").read_text()
    slugs = {kind.slug for kind in (*PROBLEMS.values(), *EDGE_PROBLEMS.values())}
    assert sorted(slug for slug in slugs if f"## {slug}\n" not in page) == []


def test_no_two_errors_share_a_type() -> None:
    slugs = [kind.slug for kind in (*PROBLEMS.values(), *EDGE_PROBLEMS.values())]
    assert len(slugs) == len(set(slugs))


def test_no_refusal_but_overload_and_a_defect_is_a_5xx() -> None:
    found = {kind.__name__ for kind, row in PROBLEMS.items() if row.status >= 500}
    assert found == {"StoreUnavailable", "StoredDataDamaged", "TooManyStreams", "Overloaded", "ShuttingDown"}


def test_a_body_holds_at_most_20_faults() -> None:
    faults = [Fault(f"/rows/{row}", "x", "y") for row in range(50)]
    body = orjson.loads(problem_body(EDGE_PROBLEMS[422], SCOPE, "detail", faults))
    assert len(body["errors"]) == 20
    assert list(body) == ["type", "title", "status", "detail", "instance", "request_id", "errors"]


@pytest.mark.parametrize("path", ["/v1/x", "/v2/x"])
@pytest.mark.parametrize("accept", [b"application/json", b"text/html"])
def test_half_a_character_in_a_detail_or_a_pointer_is_answered_as_a_question_mark(path: str, accept: bytes) -> None:
    scope = {**SCOPE, "type": "http", "method": "GET", "path": path, "headers": [(b"accept", accept)]}
    fault = Fault("/a/\ud800", "x", "no \udfff")
    text = bytes(problem_response(EDGE_PROBLEMS[422], scope, "not \ud800", [fault]).body).decode()
    assert all(words in text for words in ("not ?", "/a/?", "no ?"))


@pytest.mark.parametrize(
    ("method", "url", "options", "status"),
    [
        ("GET", "/nope", {}, 404),
        ("PATCH", "/v1/models", {}, 405),
        ("GET", "/v1/models?limit=0", {}, 422),
        ("GET", "/v1/models?limit=SECRET", {}, 422),
        ("GET", "/v1/models/SECRET%22%3E%3Cscript%3E", {}, 404),
        ("GET", "/v1/models/" + "a" * 300, {}, 404),
        ("GET", "/v1/models/a%00b", {}, 404),
        ("GET", "/v1/models/concrete/versions/99999999999999999999", {}, 404),
        ("DELETE", "/v1/models/nope", {}, 404),
        ("POST", "/v1/jobs", {"content": "{"}, 415),
        ("POST", "/v1/jobs", {"content": '{"kind": SECRET', "headers": {"Content-Type": "application/json"}}, 400),
        ("POST", "/v1/jobs", {"json": {"kind": "SECRET"}}, 422),
        ("POST", "/v1/jobs", {"content": "kind: SECRET", "headers": {"Content-Type": "text/yaml"}}, 415),
    ],
)
def test_every_refusal_is_a_problem_that_echoes_nothing(
    api: Any, method: str, url: str, options: dict[str, Any], status: int
) -> None:
    response = api.request(method, url, **options)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["request_id"]) == (status, response.headers["x-request-id"])
    assert "SECRET" not in response.text.replace(body["instance"], "")
    if status == 405:
        assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"
