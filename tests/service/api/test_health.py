"""Ready or not, and how much of it is told to whom."""

from __future__ import annotations

import threading
from typing import Any

from service.domain.access.keys import create_key
from service.settings import Settings


def test_process_that_is_to_end_is_not_ready_but_answers(api: Any) -> None:
    api.app.state.closing = threading.Event()
    assert api.get("/readyz").status_code == 200
    api.app.state.closing.set()
    answer = api.get("/readyz")
    assert (answer.status_code, answer.json()["type"]) == (503, "/errors#shutting-down")
    assert answer.headers["retry-after"] == "1"
    assert api.get("/v2/health/ready").status_code == 503
    assert api.get("/livez").status_code == 200
    assert api.get("/v1/models").status_code == 200


def test_details_are_told_to_a_key_that_may_read(sqlite_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=sqlite_url, auth="on"))
    plain = api.get("/readyz")
    assert (plain.status_code, plain.json()["worker_list"]) == (200, None)
    assert api.get("/readyz?verbose").status_code == 401
    with api.app.state.sessions() as session:
        tokens = {scope: create_key(session, "a", [scope])[1] for scope in ("read", "predict")}
    for scope, status in (("read", 200), ("predict", 403)):
        answer = api.get("/readyz?verbose", headers={"Authorization": f"Bearer {tokens[scope]}"})
        assert answer.status_code == status, answer.text


def test_details_are_told_where_no_key_is_asked_for(api: Any) -> None:
    found = api.get("/readyz?verbose").json()
    assert found["worker_list"] == []
    assert (found["streams_open"], found["model_cache_bytes"]) == (0, 0)
    assert found["seconds_up"] >= 0
