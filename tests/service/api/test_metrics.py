"""/metrics tells what happened, under names and labels that are few, to whoever may read."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from service.domain.access.keys import Scope, create_key
from service.settings import Settings

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(api: Any, **options: Any) -> Samples:
    answer = api.get("/metrics", **options)
    assert answer.status_code == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_requests_are_told_by_the_template_of_their_route(api: Any) -> None:
    for url in ("/v1/models/a", "/v1/models/b", "/v2/models/a/versions/3", "/nope/a", "/nope/b"):
        assert api.get(url).status_code == 404
    api.request("BREW", "/v1/models")
    found = samples(api)
    routes = {
        (dict(labels)["method"], dict(labels)["route"]): value
        for (name, labels), value in found.items()
        if name == "kan_http_requests_total" and dict(labels)["status"] in ("404", "405")
    }
    assert routes == {
        ("GET", "/v1/models/{name}"): 2,
        ("GET", "/v2/models/{name}/versions/{version}"): 1,
        ("GET", "(none)"): 2,
        ("(other)", "/v1/models"): 1,
    }
    assert found["kan_http_request_seconds_count", (("route", "/v1/models/{name}"),)] == 2


def test_what_is_refused_before_its_route_is_told_by_the_template_too(sqlite_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=sqlite_url, auth="on", max_request_bytes=4_096))
    with api.app.state.sessions() as session:
        _, token = create_key(session, "all", ["admin"])
    good = {"Authorization": f"Bearer {token}"}
    for url in ("/v1/models/a", "/v1/models/b", "/nope", "/v1/models/a%0A"):
        api.get(url)
    api.get("/v1/jobs", headers={**good, "Origin": "http://evil.example"})
    api.get("/v1/jobs", headers={**good, "Host": "evil.example"})
    api.post("/v1/jobs", headers=good, content=b"x" * 5_000)
    refused = {
        (dict(labels)["method"], dict(labels)["route"], dict(labels)["status"]): value
        for (name, labels), value in samples(api, headers=good).items()
        if name == "kan_http_requests_total"
    }
    assert refused == {
        ("GET", "/v1/models/{name}", "401"): 2,
        ("GET", "(none)", "401"): 1,
        ("GET", "/v1/models/{name}", "404"): 1,
        ("GET", "/v1/jobs", "403"): 1,
        ("GET", "/v1/jobs", "421"): 1,
        ("POST", "/v1/jobs", "413"): 1,
    }


def test_predictions_are_told_by_model(api: Any, publish: Any, classification: Any) -> None:
    publish(classification, "labels")
    rows = {"rows": [[0.5, 0.5], [5.0, 0.5], [7.0, 9.0]]}
    assert api.post("/v1/models/labels/versions/1/predict", json=rows).status_code == 200
    assert api.get("/v1/models/labels/versions/1/predict?x=0.5&input.domain=0.5").status_code == 200
    tensor = {"name": "x", "shape": [2, 2], "datatype": "FP64", "data": [0.1, 0.2, 0.3, 0.4]}
    assert api.post("/v2/models/labels/infer", json={"inputs": [tensor]}).status_code == 200
    found = samples(api)
    assert found["kan_predicted_rows_total", (("model", "labels"),)] == 6
    assert found["kan_predicted_values_outside_total", (("model", "labels"),)] == 3
    assert found["kan_prediction_rows_bucket", (("le", "1.0"),)] == 1
    assert found["kan_prediction_rows_count", ()] == 3
    assert found["kan_model_cache_misses_total", ()] == 1
    assert found["kan_model_cache_hits_total", ()] >= 2
    assert 0 < found["kan_model_cache_bytes", ()] < found["kan_model_cache_max_bytes", ()]


class Growing(defaultdict[Any, Any]):
    """Counts that grow while somebody goes through them."""

    def items(self) -> Any:
        for key, value in super().items():
            self[f"{key} and more"] = value
            yield key, value


def test_what_is_counted_meanwhile_waits_for_the_next_time(api: Any) -> None:
    requests, predicted = api.app.state.requests, api.app.state.predicted
    requests.add("GET", "/a", 200, 0.1)
    predicted.add("concrete", 1, 1)
    for tallies in (requests, predicted):
        for name, value in vars(tallies).items():
            if isinstance(value, dict):
                setattr(tallies, name, Growing(getattr(value, "default_factory", None), value))
    assert samples(api)["kan_predicted_rows_total", (("model", "concrete"),)] == 1


def test_the_format_is_chosen_by_accept(api: Any) -> None:
    assert api.get("/metrics").headers["content-type"].startswith("text/plain; version=0.0.4")
    answer = api.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


def test_metrics_need_a_key_that_may_read(sqlite_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=sqlite_url, auth="on"))
    assert api.get("/metrics").status_code == 401
    expected: tuple[tuple[Scope, int], ...] = (("read", 200), ("predict", 403))
    for scope, status in expected:
        with api.app.state.sessions() as session:
            _, token = create_key(session, "scraper", [scope])
        assert api.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == status


def test_without_the_database_the_rest_is_told(api_of: Any) -> None:
    api = api_of(Settings(database_url="postgresql+psycopg://nobody@127.0.0.1:9/none"))
    found = samples(api)
    assert found["kan_database_up", ()] == 0
    assert not any(name.startswith("kan_jobs") for name, _ in found)
    assert ("kan_http_requests_open", ()) in found


def test_every_metric_that_the_page_names_exists_and_the_other_way_round(api: Any) -> None:
    text = Path("docs/operations.md").read_text()
    named = set(re.findall(r"\bkan_[a-z_]+\b", text))
    types = re.findall(r"# TYPE (kan_\w+) (\w+)", api.get("/metrics").text)
    families = {name for name, _ in types}
    derived = {f"{name}_{end}" for name, kind in types if kind == "histogram" for end in ("bucket", "sum", "count")}
    assert named - families - derived == set()
    assert families - named == set()
