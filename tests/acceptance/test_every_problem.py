"""Every kind of problem is provoked over HTTP by some test; those that no other test asks for by name, here."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from service.api.app import create_app
from service.api.problems import EDGE_PROBLEMS, MEDIA_TYPE, PROBLEMS
from service.settings import Settings
from service.store import idempotency
from service.store.engine import database_now
from tests.service.conftest import Api

TABLE = "a,y\n" + "".join(f"{row},{row * row}\n" for row in range(40))
LAW = {"name": "pendulum", "expression": "2*pi*sqrt(length/9.81)", "ranges": {"length": [0.1, 2.0]}}
VERSION = "/v1/models/pendulum/versions/1"


@dataclass(frozen=True)
class Whole:
    """A service with one of each thing, and room for one job."""

    api: Api
    dataset: str


@pytest.fixture(scope="module")
def whole(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    database = shutil.copy(sqlite_template, tmp_path_factory.mktemp("whole") / "kan.sqlite3")
    app = create_app(Settings(database_url=f"sqlite:///{database}", max_queue=1))
    api = Api(app)
    dataset = api.post("/v1/datasets?name=a", content=TABLE, headers={"Content-Type": "text/csv"}).json()["id"]
    assert api.post("/v1/jobs", json={"dataset": dataset, "targets": ["y"]}).status_code == 202
    assert api.post("/v1/models", json=LAW).status_code == 201
    yield Whole(api, dataset)
    app.state.engine.dispose()


REFUSALS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("dataset-not-found", "GET", "/v1/datasets/ds_01m8apd7b3f4krr09pz0z6thw0", {}),
    ("dataset-in-use", "DELETE", "/v1/datasets/{dataset}", {}),
    ("invalid-table", "POST", "/v1/datasets", {"json": {"columns": {"a": [1, 2], "b": [1]}}}),
    ("invalid-spec", "POST", "/v1/jobs", {"json": {"dataset": "{dataset}", "targets": ["nothing"]}}),
    ("too-many-jobs", "POST", "/v1/jobs", {"json": {"dataset": "{dataset}", "targets": ["y"]}}),
    ("invalid-edit", "POST", f"{VERSION}/edits", {"json": {"operations": [{"op": "nothing"}]}}),
    ("edge-not-found", "GET", f"{VERSION}/activations?layer=99", {}),
    ("invalid-function", "POST", "/v1/functions", {"json": {"name": "Up", "expression": "x*x"}}),
    (
        "invalid-hypothesis",
        "POST",
        f"{VERSION}/hypotheses",
        {"json": {"test": "separability", "inputs": ["nothing"], "kind": "additive"}},
    ),
    ("invalid-rows", "POST", f"{VERSION}/predict", {"json": {"rows": [["long"]]}}),
    ("outside-training-range", "POST", f"{VERSION}/predict?domain=reject", {"json": {"rows": [[9.0]]}}),
    ("invalid-parameter", "GET", f"{VERSION}/plot.svg?colour=red", {}),
    (
        "unsupported-media-type",
        "POST",
        f"{VERSION}/predict",
        {"content": "a: 1", "headers": {"Content-Type": "text/yaml"}},
    ),
    (
        "invalid-key",
        "POST",
        "/v1/keys",
        {"json": {"name": "a", "scopes": ["read"], "expires_at": "2001-01-01T00:00:00Z"}},
    ),
    ("method-not-allowed", "PUT", "/v1/jobs", {}),
    ("no-such-address", "GET", "/v1/nothing", {}),
]


@pytest.mark.parametrize(("slug", "method", "url", "options"), REFUSALS, ids=[slug for slug, *_ in REFUSALS])
def test_a_refusal_is_the_problem_that_the_page_explains(
    whole: Whole, slug: str, method: str, url: str, options: dict[str, Any]
) -> None:
    if options.get("json", {}).get("dataset"):
        options = {"json": {**options["json"], "dataset": whole.dataset}}
    assert_is(whole.api.request(method, url.replace("{dataset}", whole.dataset), **options), slug)


def test_a_repeat_while_the_first_request_runs_is_told_to_wait(whole: Whole) -> None:
    spec = {"name": "b", "generator": {"expression": "x", "ranges": {"x": [0, 1]}, "rows": 40}}
    first = whole.api.post("/v1/datasets", json=spec, headers={"Idempotency-Key": "done"})
    assert first.status_code == 201
    with whole.api.app.state.sessions() as session:
        found = session.connection().exec_driver_sql("SELECT body_sha256 FROM idempotency").scalar_one()
        now = database_now(session)
        idempotency.take_key(session, "POST /v1/datasets", "running", found, now)
        session.commit()
    answer = whole.api.post("/v1/datasets", json=spec, headers={"Idempotency-Key": "running"})
    assert_is(answer, "idempotency-key-in-flight")
    assert answer.headers["retry-after"] == "1"


def test_what_the_framework_refuses_is_a_problem_too(whole: Whole) -> None:
    def teapot() -> None:
        raise HTTPException(418)

    whole.api.app.add_api_route("/teapot", teapot)
    answer = whole.api.get("/teapot")
    assert (answer.status_code, answer.json()["type"]) == (418, "/errors#bad-request")


def test_no_kind_of_problem_is_without_a_test() -> None:
    text = "\n".join(path.read_text() for path in Path("tests").rglob("test_*.py"))
    kinds = (*PROBLEMS.values(), *EDGE_PROBLEMS.values())
    assert [kind.slug for kind in kinds if not re.search(rf'["#]{kind.slug}"', text)] == []


def assert_is(answer: Any, slug: str) -> None:
    kind = next(kind for kind in (*PROBLEMS.values(), *EDGE_PROBLEMS.values()) if kind.slug == slug)
    assert answer.headers["content-type"] == MEDIA_TYPE
    body = answer.json()
    assert (answer.status_code, body["type"], body["title"]) == (kind.status, kind.type, kind.title)
