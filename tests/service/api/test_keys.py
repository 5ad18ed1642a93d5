"""Keys over HTTP: the token is shown once, a revoked key is refused at once, everything is for admins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.domain.access.keys import create_key
from service.domain.ids import new_id
from service.settings import Settings


@pytest.fixture
def keyed(database_url: str, api_of: Any) -> Any:
    return api_of(Settings(database_url=database_url, auth="on"))


@pytest.fixture
def admin(keyed: Any) -> dict[str, str]:
    with keyed.app.state.sessions() as session:
        _, token = create_key(session, "admin", ["admin"])
    return {"Authorization": f"Bearer {token}"}


def test_a_key_is_made_shown_once_used_and_revoked(keyed: Any, admin: dict[str, str]) -> None:
    made = keyed.post("/v1/keys", json={"name": "board", "scopes": ["read"]}, headers=admin)
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    token, where = made.json()["token"], made.headers["location"]
    headers = {"Authorization": f"Bearer {token}"}
    assert keyed.get("/v1/models", headers=headers).status_code == 200
    assert keyed.request("DELETE", "/v1/models/x", headers=headers).status_code == 403
    shown = keyed.get(where, headers=admin)
    facts = ("id", "name", "scopes", "created_at", "expires_at")
    assert [shown.json()[fact] for fact in facts] == [made.json()[fact] for fact in facts]
    assert token.rpartition("_")[2] not in shown.text + keyed.get("/v1/keys", headers=admin).text
    assert keyed.request("DELETE", where, headers=admin).status_code == 204
    assert keyed.get("/v1/models", headers=headers).status_code == 401
    assert keyed.request("DELETE", where, headers=admin).status_code == 204
    assert keyed.get(where, headers=admin).json()["revoked_at"] is not None


def test_a_repeated_request_makes_one_key_and_shows_no_secret_again(keyed: Any, admin: dict[str, str]) -> None:
    headers = {**admin, "Idempotency-Key": "abc"}
    first, second = (keyed.post("/v1/keys", json={"name": "a"}, headers=headers) for _ in range(2))
    assert second.headers["idempotency-replayed"] == "true"
    assert (second.json()["id"], second.json()["token"]) == (first.json()["id"], None)
    assert keyed.post("/v1/keys", json={"name": "b"}, headers=headers).status_code == 422


def test_two_callers_with_the_same_idempotency_key_do_not_meet(keyed: Any, admin: dict[str, str]) -> None:
    with keyed.app.state.sessions() as session:
        _, token = create_key(session, "other", ["admin"])
    first, second = (
        keyed.post("/v1/keys", json={"name": name}, headers={"Authorization": who, "Idempotency-Key": "1"})
        for name, who in (("a", admin["Authorization"]), ("b", f"Bearer {token}"))
    )
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


def test_keys_are_listed_in_pages_newest_first(keyed: Any, admin: dict[str, str]) -> None:
    for name in "abc":
        keyed.post("/v1/keys", json={"name": name}, headers=admin)
    first = keyed.get("/v1/keys?limit=2", headers=admin).json()
    second = keyed.get(f"/v1/keys?limit=2&after={first['next_cursor']}", headers=admin).json()
    assert [key["name"] for key in first["data"] + second["data"]] == ["c", "b", "a", "admin"]
    assert second["next_cursor"] is None
    assert keyed.get("/v1/keys?after=nonsense", headers=admin).status_code == 422


def test_a_key_that_cannot_be_is_refused_by_field(keyed: Any, admin: dict[str, str]) -> None:
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for body, pointer in (
        ({"name": ""}, "/name"),
        ({"name": "a\r\nb"}, "/name"),
        ({"name": "a", "scopes": []}, "/scopes"),
        ({"name": "a", "scopes": ["root"]}, "/scopes/0"),
        ({"name": "a", "expires_at": past}, "/expires_at"),
        ({"name": "a", "expires_at": "9999-12-31T23:59:59-01:00"}, "/expires_at"),
        ({"name": "a", "expires_at": "2030-01-01T00:00:00"}, "/expires_at"),
        ({"name": "a", "scope": ["read"]}, "/scope"),
    ):
        response = keyed.post("/v1/keys", json=body, headers=admin)
        assert response.status_code == 422, body
        assert [fault["pointer"] for fault in response.json()["errors"]] == [pointer]


def test_a_key_that_is_none_is_404(keyed: Any, admin: dict[str, str]) -> None:
    for key_id in ("x", new_id("key")):
        for method in ("GET", "DELETE"):
            response = keyed.request(method, f"/v1/keys/{key_id}", headers=admin)
            assert (response.status_code, response.json()["type"]) == (404, "/errors#key-not-found")


def test_a_key_that_has_not_changed_is_304(keyed: Any, admin: dict[str, str]) -> None:
    where = keyed.post("/v1/keys", json={"name": "a"}, headers=admin).headers["location"]
    etag = keyed.get(where, headers=admin).headers["etag"]
    assert keyed.get(where, headers={**admin, "If-None-Match": etag}).status_code == 304
