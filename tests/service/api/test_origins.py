"""Which Host is answered and which Origin may ask, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from service.settings import Settings


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1:9", 200), ("[::1]:8000", 200), ("LOCALHOST", 200)])
def test_loopback_hosts_are_answered(api: Any, host: str, status: int) -> None:
    assert api.get("/v1/version", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.", "a:b:c", "[", "[::1", "]", "a/b"]
)
def test_an_unlisted_host_is_421(api: Any, host: str) -> None:
    response = api.get("/v1/version", headers={"Host": host})
    assert response.status_code == 421
    assert response.json()["type"] == "/errors#unlisted-host"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "http://[", "http://[x]", "http://a:b"]
)
def test_a_foreign_origin_is_403(api: Any, origin: str) -> None:
    assert api.post("/v1/jobs", json={}, headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize("host", ["[", "[x]", "a:b", "a/b", "a?b"])
def test_a_host_that_is_none_is_421_even_where_any_is_answered(sqlite_url: str, api_of: Any, host: str) -> None:
    api = api_of(Settings(database_url=sqlite_url, allowed_hosts=("*",)))
    assert api.get("/v1/version", headers={"Host": host}).status_code == 421
    assert api.get("/v1/version", headers={"Host": "any.example:80"}).status_code == 200


def test_the_own_origin_passes(api: Any) -> None:
    assert api.get("/v1/version", headers={"Origin": "http://127.0.0.1:8000"}).status_code == 200


def test_probes_answer_under_any_host(api: Any) -> None:
    for host in ("10.1.2.3:8000", "["):
        assert api.get("/livez", headers={"Host": host}).status_code == 200


def test_who_asks_a_probe_for_more_must_know_the_name(api: Any) -> None:
    assert api.get("/readyz", headers={"Host": "evil.example"}).status_code == 200
    for query in ("verbose", "verbose=0"):
        assert api.get(f"/readyz?{query}", headers={"Host": "evil.example"}).status_code == 421
    assert api.get("/readyz?verbose").status_code == 200


@pytest.mark.parametrize("bound", ["fd00::1", "FD00:0:0::1"])
def test_a_server_on_ipv6_answers_to_its_own_address(sqlite_url: str, api_of: Any, bound: str) -> None:
    api = api_of(Settings(database_url=sqlite_url, host=bound, auth="off"))
    for host in ("[fd00::1]:8000", "[fd00::1]"):
        assert api.get("/v1/version", headers={"Host": host}).status_code == 200
    for host in ("[fd00::2]:8000", "fd00::1"):
        assert api.get("/v1/version", headers={"Host": host}).status_code == 421


LAB = "https://lab.example"


@pytest.fixture
def shared(sqlite_url: str, api_of: Any) -> Any:
    return api_of(Settings(database_url=sqlite_url, auth="on", allowed_origins=(LAB,)))


def test_a_listed_page_is_told_before_that_it_may_ask(shared: Any) -> None:
    asked = {"Origin": LAB, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = shared.request("OPTIONS", "/v1/jobs", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == LAB
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers


def test_a_listed_page_may_read_answers_and_refusals(shared: Any) -> None:
    for url, status in (("/livez", 200), ("/docs", 200), ("/v1/models", 401)):
        answer = shared.get(url, headers={"Origin": LAB})
        assert answer.status_code == status
        assert answer.headers.get("access-control-allow-origin") == (None if url == "/livez" else LAB)
        assert "Origin" in answer.headers["vary"]
        if url != "/livez":
            assert "X-Export-Certificate" in answer.headers["access-control-expose-headers"]
        assert answer.headers.get("access-control-allow-origin") != "*"


def test_any_other_page_is_told_nothing(shared: Any) -> None:
    for origin in ("https://evil.example", "https://lab.example.evil.example", "null", "http://lab.example"):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        for method in ("OPTIONS", "GET"):
            answer = shared.request(method, "/v1/models", headers=asked)
            assert (answer.status_code, answer.json()["type"]) == (403, "/errors#foreign-origin")
            assert "access-control-allow-origin" not in answer.headers


def test_without_listed_pages_no_header_speaks_of_them(api: Any) -> None:
    answer = api.get("/v1/models", headers={"Origin": "http://127.0.0.1:8000"})
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert "vary" not in answer.headers
