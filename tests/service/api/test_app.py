"""The whole application: health, the OpenAPI document, the offline page, and no torch in its process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

from service.settings import Settings

METHODS = {"get", "post", "put", "patch", "delete"}


def test_the_api_process_never_imports_torch(sqlite_url: str) -> None:
    program = (
        "import sys\n"
        "from service.api.app import create_app\n"
        "from service.settings import Settings\n"
        f"app = create_app(Settings(database_url={sqlite_url!r}))\n"
        "app.openapi()\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_a_fresh_service_is_live_and_ready(api: Any) -> None:
    assert api.get("/livez").json() == {"status": "alive"}
    body = api.get("/readyz").json()
    assert (body["status"], body["migrated"], body["workers"]) == ("ready", True, 0)
    assert body["worker_list"] is None
    assert api.get("/readyz?verbose").json()["worker_list"] == []


def test_an_empty_database_is_not_ready(empty_database_url: str, api_of: Any) -> None:
    response = api_of(Settings(database_url=empty_database_url)).get("/readyz")
    assert response.status_code == 503
    assert "kan migrate" in response.json()["detail"]


def test_version_and_limits_are_shown(api: Any) -> None:
    assert api.get("/v1/version").json()["api"] == "v1"
    limits = api.get("/v1/limits").json()
    assert limits["max_prediction_rows"] == 100_000
    assert (limits["max_grid"], limits["max_degree"], limits["max_drawn_edges"]) == (1000, 5, 1000)


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def test_every_operation_has_an_id_a_tag_and_examples(api: Any) -> None:
    document = api.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    found = operations(document)
    ids = [operation["operationId"] for _, operation in found]
    assert len(set(ids)) == len(ids)
    assert [name for name, operation in found if not re.fullmatch("[a-z][A-Za-z]+", operation["operationId"])] == []
    assert [name for name, operation in found if len(operation.get("tags", [])) != 1] == []
    for name, operation in found:
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                shared = document["components"]["responses"]
                response = shared[response["$ref"].rpartition("/")[2]] if "$ref" in response else response
                (media, content), *rest = response["content"].items()
                own = "application/json" if " /v2" in name else "application/problem+json"
                assert (media, rest) == (own, []), (name, status)
                assert "example" in content or content["examples"], (name, status)


def test_every_request_body_has_an_example(api: Any) -> None:
    document = api.get("/openapi.json").json()
    for name, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        text = json.dumps(content) + json.dumps(
            [document["components"]["schemas"].get(ref) for ref in re.findall(r"schemas/(\w+)", json.dumps(content))]
        )
        assert not content or "example" in text, name


def test_every_reference_of_the_document_leads_somewhere(api: Any) -> None:
    text = api.get("/openapi.json").text
    schemas = json.loads(text)["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', text)) <= set(schemas)


def test_the_api_page_asks_no_foreign_host(api: Any) -> None:
    page = api.get("/docs")
    assert page.status_code == 200
    assert "://" not in page.text
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert links
    assert [link for link in links if api.get(link).status_code != 200] == []
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_the_page_of_errors_has_an_anchor_for_every_type(api: Any) -> None:
    slug = api.get("/nope").json()["type"].partition("#")[2]
    assert f'id="{slug}"' in api.get("/errors").text
