"""Aliases over HTTP: made once, moved on by whoever has seen them, served like numbers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from kan.state import NetworkState
from service.domain import aliases
from service.domain.errors import IfMatchFailed
from service.store.aliases import last_step

URL = "/v1/models/concrete/aliases/champion"
ROW = {"rows": [[300.0, 28, "north", 180.5]]}


@pytest.fixture
def versions(publish: Any, network_of: Any, regression: NetworkState) -> None:
    """Two versions of one model, which differ."""
    assert regression.encoding is not None
    encoding = regression.encoding
    for seed in (1, 2):
        publish(network_of(encoding.inputs, encoding.outputs, 3, seed))


def put(api: Any, version: Any, url: str = URL, **headers: str) -> httpx.Response:
    answer: httpx.Response = api.request("PUT", url, json={"version": version}, headers=headers)
    return answer


def refusal(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].partition("#")[2]


def predicted(api: Any, version: str) -> Any:
    answer = api.post(f"/v1/models/concrete/versions/{version}/predict", json=ROW)
    return answer.json()["predictions"], answer.headers["x-model-version"]


def test_an_alias_stands_for_a_version(api: Any, versions: None) -> None:
    made = put(api, 1)
    assert (made.status_code, made.headers["location"]) == (201, URL)
    assert predicted(api, "champion") == predicted(api, "1")
    moved = put(api, 2, **{"If-Match": made.headers["etag"]})
    assert moved.status_code == 200
    assert [step["version"] for step in moved.json()["history"]] == [1, 2]
    assert predicted(api, "champion") == predicted(api, "2")
    assert api.get(URL).headers["etag"] == moved.headers["etag"]
    (entry,) = api.get("/v1/models/concrete/aliases").json()["data"]
    assert (entry["alias"], entry["version"]) == ("champion", 2)


def test_an_alias_is_never_cached_and_says_what_it_stands_for(api: Any, versions: None) -> None:
    put(api, 1)
    answer = api.get("/v1/models/concrete/versions/champion/plot.svg")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-location"].startswith("/v1/models/concrete/versions/1/plot.svg")
    assert api.post("/v2/models/concrete/versions/champion/infer", json={}).status_code == 400


def test_a_change_needs_what_was_seen_last(api: Any, versions: None) -> None:
    assert refusal(put(api, 1, **{"If-Match": '"1"'})) == (412, "if-match-failed")
    first = put(api, 1).headers["etag"]
    assert refusal(put(api, 2)) == (428, "if-match-missing")
    second = put(api, 2, **{"If-Match": first}).headers["etag"]
    assert refusal(put(api, 1, **{"If-Match": first})) == (412, "if-match-failed")
    assert refusal(api.request("DELETE", URL)) == (428, "if-match-missing")
    assert refusal(api.request("DELETE", URL, headers={"If-Match": first})) == (412, "if-match-failed")
    assert api.request("DELETE", URL, headers={"If-Match": second}).status_code == 204
    assert refusal(api.get(URL)) == (404, "alias-not-found")
    assert api.post("/v1/models/concrete/versions/champion/predict", json=ROW).status_code == 404
    again = put(api, 1)
    assert again.status_code == 201
    assert [step["version"] for step in again.json()["history"]] == [1, 2, None, 1]
    assert put(api, 2, **{"If-Match": "*"}).status_code == 200


def test_a_version_with_an_alias_stays(api: Any, versions: None) -> None:
    tag = put(api, 1).headers["etag"]
    assert refusal(api.delete("/v1/models/concrete/versions/1")) == (409, "version-in-use")
    put(api, 2, **{"If-Match": tag})
    assert api.delete("/v1/models/concrete/versions/1").status_code == 204
    assert api.delete("/v1/models/concrete").status_code == 204
    assert api.get(URL).status_code == 404


def test_an_alias_that_is_made_again_with_its_model_is_another_one(
    api: Any, versions: None, publish: Any, regression: NetworkState
) -> None:
    first = put(api, 1)
    api.delete("/v1/models/concrete")
    publish(regression)
    second = put(api, 3)
    assert (second.status_code, len(second.json()["history"])) == (201, 1)
    answer = api.get(URL, headers={"If-None-Match": first.headers["etag"]})
    assert (answer.status_code, answer.json()["version"]) == (200, 3)
    assert refusal(put(api, 3, **{"If-Match": first.headers["etag"]})) == (412, "if-match-failed")


def test_a_model_goes_before_its_aliases_so_that_one_that_is_just_made_goes_with_it(
    api: Any, versions: None, write: sessionmaker[Session]
) -> None:
    put(api, 1)
    emptied: list[str] = []

    def note(*what: object) -> None:
        statement = str(what[2])
        if statement.startswith("DELETE FROM "):
            emptied.append(statement.split()[2])

    event.listen(api.app.state.engine, "before_cursor_execute", note)
    assert api.delete("/v1/models/concrete").status_code == 204
    # A step holds on to its version until it is committed: whoever waits for that sees the step too.
    assert emptied.index("versions") < emptied.index("alias_steps")


@pytest.mark.parametrize("alias", ["latest", "7", "Champion", "a b", "x" * 64])
def test_names_that_no_alias_can_have(api: Any, versions: None, alias: str) -> None:
    assert refusal(put(api, 1, f"/v1/models/concrete/aliases/{alias}")) == (422, "invalid-alias")


def test_what_an_alias_cannot_name(api: Any, versions: None) -> None:
    assert refusal(put(api, 9)) == (404, "version-not-found")
    assert refusal(put(api, 1, "/v1/models/none/aliases/a")) == (404, "model-not-found")
    for version in (0, "1.5", True, None, 2**60):
        assert put(api, version).status_code == 422
    assert api.get("/v1/models/none/aliases").status_code == 404
    assert api.get("/v1/models/concrete/aliases").json() == {"data": [], "next_cursor": None}


def test_of_two_steps_at_once_one_is_made(
    api: Any, versions: None, write: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(api, 1)
    with write() as session:
        old = last_step(session, "concrete", "champion")
    assert old is not None
    put(api, 2, **{"If-Match": "*"})
    # The other one has looked before this step was made.
    monkeypatch.setattr("service.domain.aliases.statements.last_step", lambda *_: old)
    with write() as session, pytest.raises(IfMatchFailed):
        aliases.put_alias(session, "concrete", "champion", 1, seen={aliases.revision_of(old)})
    with write() as session:
        assert aliases.get_alias(session, "concrete", "champion").last.version == 2
