"""Every address needs the scope that the table says, and a key without it is told which."""

from __future__ import annotations

import re
from typing import Any

import pytest

from service.api.scopes import is_open, scopes_needed
from service.domain.access.keys import SCOPES, create_key
from service.settings import Settings


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", "/v1/models", ("read",)),
        ("HEAD", "/v1/models/a", ("read",)),
        ("GET", "/", ("read",)),
        ("POST", "/v1/models/a/versions/1/predict", ("predict",)),
        ("GET", "/v1/models/a/versions/1/predict", ("predict",)),
        ("GET", "/v1/models/a/versions/1/predictions", ("read",)),
        ("POST", "/v2/models/a/infer", ("predict",)),
        ("GET", "/v2", ("read", "predict")),
        ("GET", "/v2/models/a/versions/1/config", ("read", "predict")),
        ("POST", "/v2/repository/index", ("read", "predict")),
        ("POST", "/v2/repository/models/a/unload", ("write",)),
        ("POST", "/v1/jobs", ("write",)),
        ("DELETE", "/v1/models/predict", ("write",)),
        ("PUT", "/v1/models/a/aliases/predict", ("write",)),
        ("GET", "/v1/keys", ("admin",)),
        ("DELETE", "/v1/keys/key_a", ("admin",)),
        ("GET", "/v1/keys\n", ("admin",)),
        ("GET", "/v1/limits", ()),
    ],
)
def test_scope_of_an_address(method: str, path: str, scopes: tuple[str, ...]) -> None:
    assert scopes_needed(method, path) == scopes


@pytest.fixture
def keyed(sqlite_url: str, api_of: Any) -> Any:
    return api_of(Settings(database_url=sqlite_url, auth="on"))


def header(api: Any, *scopes: Any) -> dict[str, str]:
    with api.app.state.sessions() as session:
        _, token = create_key(session, "test", scopes)
    return {"Authorization": f"Bearer {token}"}


def test_every_operation_refuses_a_key_without_its_scope_and_names_it(keyed: Any) -> None:
    keys = {scope: header(keyed, scope) for scope in SCOPES}
    found = 0
    for path, operations in keyed.app.openapi()["paths"].items():
        url = re.sub(r"{\w+}", "none", path)
        for method, operation in operations.items():
            needed = scopes_needed(method.upper(), url)
            shown = [scope for entry in operation["security"] for scope in entry.get("key", [])]
            assert tuple(shown) == (() if is_open(path) else needed), path
            lacking = next((scope for scope in SCOPES[:3] if needed and scope not in needed), None)
            if is_open(path) or lacking is None:
                continue
            found += 1
            assert "403" in operation["responses"], path
            response = keyed.request(method.upper(), url, headers=keys[lacking])
            assert response.status_code == 403, (method, path, response.text)
            assert all(scope in response.text for scope in needed)
    assert found > 50


def test_key_with_its_scope_is_let_in(keyed: Any) -> None:
    for scope, method, path in (
        ("read", "GET", "/v1/models"),
        ("predict", "GET", "/v2/models/none"),
        ("predict", "POST", "/v1/models/none/versions/1/predict"),
        ("write", "DELETE", "/v1/models/none"),
        ("admin", "DELETE", "/v1/models/none"),
        ("write", "GET", "/v1/version"),
    ):
        status = keyed.request(method, path, headers=header(keyed, scope)).status_code
        assert status not in (401, 403), (scope, method, path)


@pytest.mark.parametrize("path", ["/v1/keys%0A", "/v1/models%0A", "/v1/models/a%00", "/v1/mod\u202eels"])
def test_path_with_control_characters_reaches_no_route(keyed: Any, path: str) -> None:
    response = keyed.get(path, headers=header(keyed, "admin"))
    assert (response.status_code, response.json()["type"]) == (404, "/errors#no-such-address")
