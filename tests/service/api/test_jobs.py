"""Jobs over HTTP: accepted once, shown, followed, cancelled, deleted."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.orm import Session

from kan.encoding import NumberInput, NumberOutput
from service.domain import bounded_lists
from service.domain.leasing.claims import claim_next_job
from service.domain.leasing.endings import finish_failed
from service.domain.leasing.leases import Hold

if TYPE_CHECKING:
    from tests.service.conftest import Api

ROWS = "x1,x2,y\n" + "".join(f"{i / 100},{i % 7},{i / 50 + i % 7}\n" for i in range(200))


@pytest.fixture
def client(api: Api) -> Api:
    return api


@pytest.fixture
def spec(client: Api) -> dict[str, Any]:
    created = client.post("/v1/datasets?name=toy", content=ROWS, headers={"Content-Type": "text/csv"})
    return {"kind": "train", "dataset": created.json()["id"], "targets": ["y"], "preset": "quick"}


def end_job(session: Session) -> None:
    claimed = claim_next_job(session, "wk_a", 30.0)
    assert claimed is not None
    hold: Hold = claimed[0]
    finish_failed(session, hold, "internal", "the test ends it")


def test_accepted_job_has_location_and_is_shown(client: Api, spec: dict[str, Any]) -> None:
    answer = client.post("/v1/jobs", json=spec)
    assert answer.status_code == 202
    shown = client.get(answer.headers["Location"])
    assert shown.json() == answer.json()
    assert (shown.json()["status"], shown.json()["terminal"], shown.json()["spec"]) == ("queued", False, spec)
    again = client.get(answer.headers["Location"], headers={"If-None-Match": shown.headers["ETag"]})
    assert again.status_code == 304


def test_dry_run_stores_nothing(client: Api, spec: dict[str, Any]) -> None:
    answer = client.post("/v1/jobs?dry_run=true", json=spec)
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["parameters"] > 0
    # A process that trains takes some 64 MB whatever it trains; the table of this test is small.
    assert 64e6 < shown["memory_bytes"] < 300e6
    longer = client.post("/v1/jobs?dry_run=true", json={**spec, "preset": "thorough"}).json()
    assert 0 < shown["expected_seconds"] < longer["expected_seconds"]
    assert client.get("/v1/jobs").json()["data"] == []


def test_repeated_request_gets_the_first_answer(client: Api, spec: dict[str, Any]) -> None:
    first, second = (client.post("/v1/jobs", json=spec, headers={"Idempotency-Key": "a"}) for _ in range(2))
    assert second.json() == first.json()
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    other = client.post("/v1/jobs", json={**spec, "seed": 1}, headers={"Idempotency-Key": "a"})
    assert (other.status_code, other.json()["type"]) == (422, "/errors#idempotency-key-reused")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("preset", "nope"),
        ("device", "gpu"),
        ("device", "cuda:01"),
        ("targets", ["nope"]),
        ("targets", []),
        ("dataset", "ds_nope"),
        ("model", "../../etc/passwd"),
        ("seed", -1),
        ("labels", {"a": "line\nbreak"}),
        ("unknown", 1),
        ("network", {"hidden": [10000, 10000], "grid": 1000}),
    ],
)
def test_wrong_value_is_422_and_nothing_is_stored(client: Api, spec: dict[str, Any], field: str, value: object) -> None:
    answer = client.post("/v1/jobs", json={**spec, field: value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{field}")
    assert client.get("/v1/jobs").json()["data"] == []


def test_job_that_goes_on_from_a_version_says_so(
    client: Api, spec: dict[str, Any], publish: Any, network_of: Any
) -> None:
    inputs = tuple(NumberInput(name, name, 0.0, 1.0, -1.0, 1.0) for name in ("x1", "x2"))
    version = publish(network_of(inputs, (NumberOutput("y", 2.0, 1.5),), hidden=2))
    going_on = {**spec, "init": {"model": "concrete"}, "recipe": [{"stage": "fit"}]}
    del going_on["preset"]
    answer = client.post("/v1/jobs", json=going_on)
    assert (answer.status_code, answer.json()["model"]) == (202, "concrete")
    assert answer.json()["resolved"]["init"]["version_id"] == version.id
    assert answer.json()["resolved"]["network"]["widths"] == [2, 2, 1]
    client.request("PUT", "/v1/models/concrete/aliases/champion", json={"version": 1})
    by_alias = client.post("/v1/jobs", json={**going_on, "init": {"model": "concrete", "version": "champion"}})
    assert by_alias.json()["resolved"]["init"]["version"] == 1
    unknown = client.post("/v1/jobs", json={**going_on, "init": {"model": "concrete", "version": "other"}})
    assert unknown.json()["errors"][0]["pointer"] == "/init/version"


def test_a_fit_is_spelt_as_the_contract_writes_it(client: Api, spec: dict[str, Any]) -> None:
    del spec["preset"]
    fit = {"stage": "fit", "steps": 5, "update_grid": False, "early_stop": {"patience": 7}}
    answer = client.post("/v1/jobs", json={**spec, "network": {"hidden": [2]}, "recipe": [fit]})
    assert answer.status_code == 202, answer.text
    (resolved,) = answer.json()["resolved"]["recipe"]
    assert (resolved["update_grid"], resolved["patience"], "early_stop" in resolved) == (False, 7, False)
    wrong = client.post("/v1/jobs", json={**spec, "recipe": [{**fit, "early_stop": {"patience": 0}}]})
    assert wrong.json()["errors"][0]["pointer"] == "/recipe/0/early_stop/patience"


def test_another_data_set_judges(client: Api, spec: dict[str, Any]) -> None:
    rows = "x1,x2,y\n" + "".join(f"{i / 90},{i % 5},{i / 45 + i % 5}\n" for i in range(40))
    judge = client.post("/v1/datasets?name=judge", content=rows, headers={"Content-Type": "text/csv"}).json()["id"]
    answer = client.post("/v1/jobs", json={**spec, "test_dataset": judge})
    assert answer.status_code == 202, answer.text
    assert answer.json()["resolved"]["test_dataset"]["rows"] == 40
    assert client.delete(f"/v1/datasets/{judge}").status_code == 409
    wrong = client.post("/v1/jobs", json={**spec, "test_dataset": "ds_none"})
    assert wrong.json()["errors"][0]["pointer"] == "/test_dataset"


@pytest.mark.parametrize(
    ("init", "pointer"),
    [
        ({"model": "nope", "version": 1}, "/init/model"),
        ({"version": 1}, "/init/model"),
        ({"model": "nope", "version": "first"}, "/init/model"),
        ({"model": "nope", "version": 0}, "/init/version"),
        ({"model": "nope", "versions": 1}, "/init/versions"),
    ],
)
def test_version_to_go_on_from_that_is_none_is_422(
    client: Api, spec: dict[str, Any], init: dict[str, Any], pointer: str
) -> None:
    answer = client.post("/v1/jobs", json={**spec, "init": init})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


def test_wait_answers_when_the_job_has_ended(client: Api, session: Session, spec: dict[str, Any]) -> None:
    job_id = client.post("/v1/jobs", json=spec).json()["id"]
    ending = threading.Timer(0.3, end_job, [session])
    ending.start()
    answer = client.get(f"/v1/jobs/{job_id}", headers={"Prefer": "wait=30"})
    ending.join()
    assert answer.json()["terminal"]


def test_cancel_twice_then_delete(client: Api, spec: dict[str, Any]) -> None:
    where = client.post("/v1/jobs", json=spec).headers["Location"]
    assert client.delete(where).status_code == 409
    for _ in range(2):
        answer = client.post(f"{where}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404


def test_cancel_of_failed_job_is_409(client: Api, session: Session, spec: dict[str, Any]) -> None:
    where = client.post("/v1/jobs", json=spec).headers["Location"]
    end_job(session)
    assert client.post(f"{where}/cancel").status_code == 409


def test_list_is_paged_and_filtered_by_label(client: Api, spec: dict[str, Any]) -> None:
    ids = [client.post("/v1/jobs", json={**spec, "labels": {"n": str(n)}}).json()["id"] for n in range(3)]
    page = client.get("/v1/jobs?limit=2").json()
    assert [job["id"] for job in page["data"]] == [ids[2], ids[1]]
    rest = client.get(f"/v1/jobs?limit=2&after={page['next_cursor']}").json()
    assert ([job["id"] for job in rest["data"]], rest["next_cursor"]) == ([ids[0]], None)
    assert [job["id"] for job in client.get("/v1/jobs?label.n=1").json()["data"]] == [ids[1]]


def test_page_of_large_jobs_ends_early(client: Api, spec: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_lists, "MOST_BYTES", 1)
    ids = [client.post("/v1/jobs", json=spec).json()["id"] for _ in range(2)]
    page = client.get("/v1/jobs").json()
    assert [job["id"] for job in page["data"]] == [ids[1]]
    rest = client.get(f"/v1/jobs?after={page['next_cursor']}").json()
    assert ([job["id"] for job in rest["data"]], rest["next_cursor"]) == ([ids[0]], None)


@pytest.mark.parametrize("query", ["after=x", "limit=0", "limit=201", "status=nope", "label.=x", "after=job_%00"])
def test_wrong_list_parameters_are_422(client: Api, query: str) -> None:
    assert client.get(f"/v1/jobs?{query}").status_code == 422


@pytest.mark.parametrize("path", ["/v1/jobs/job_x", "/v1/jobs/%00", "/v1/jobs/job_x/events"])
def test_unknown_job_is_404(client: Api, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"network": {"\ud800": 1}},
        {"recipe": [{"stage": "\ud800"}]},
        {"network": {"hidden": [10**400]}},
        {"recipe": [{"stage": "fit", "curvature": 10**400}]},
        {"max_runtime_s": 10**40},
        {"max_runtime_s": 0},
        {"network": {"multiply": 5}},
        {"network": {"hidden": 5}},
        {"labels": {"a": "\x00"}},
    ],
    ids=range(9),
)
def test_hostile_spec_with_a_key_is_refused_and_kept_nowhere(
    client: Api, spec: dict[str, Any], body: dict[str, Any]
) -> None:
    content = json.dumps({**{k: v for k, v in spec.items() if k != "preset"}, **body})
    headers = {"Idempotency-Key": "a", "Content-Type": "application/json"}
    answer = client.post("/v1/jobs", content=content, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert client.get("/v1/jobs").json()["data"] == []


def test_too_wide_network_is_refused_with_its_parameter_count(client: Api, spec: dict[str, Any]) -> None:
    answer = client.post("/v1/jobs", json={**spec, "network": {"hidden": [5000]}})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too_wide")
    assert "parameters" in answer.json()["detail"]
