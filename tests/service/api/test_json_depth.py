"""How deep JSON is nested: as its values say, whatever its strings hold; and what a server does that is sent more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.json_depth import is_deeper
from service.settings import Settings

VALUES = st.recursive(
    st.none() | st.integers() | st.text('"[{}]\\a', max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('"[{}]\\a', max_size=3), inner, max_size=3),
)


def depth(value: Any) -> int:
    if not isinstance(value, list | dict):
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)


@given(VALUES, st.integers(0, 6))
def test_the_text_is_as_deep_as_its_values(value: Any, most: int) -> None:
    assert is_deeper(json.dumps(value).encode(), most) == (depth(value) > most)


def test_many_brackets_beside_each_other_are_not_deep() -> None:
    assert not is_deeper(b"[" + b"{}," * 10_000 + b"{}]", 2)
    assert is_deeper(b"[" * 10_000, 32)


@pytest.mark.parametrize(("levels", "refusal"), [(29, "model-not-found"), (30, "malformed-body")])
def test_a_body_that_is_nested_too_deeply_is_refused(api: Any, levels: int, refusal: str) -> None:
    # Around them lie the body, a list and an object: 32 levels are the most.
    body = '{"operations": [{"op": %s}]}' % ("[" * levels + "]" * levels)
    url = "/v1/models/concrete/versions/1/edits"
    response = api.post(url, content=body, headers={"Content-Type": "application/json"})
    assert response.json()["type"] == f"/errors#{refusal}", response.text


def test_the_limit_is_a_setting_and_holds_for_a_body_in_pieces(sqlite_url: str, api_of: Any) -> None:
    from_settings = api_of(Settings(database_url=sqlite_url, max_json_depth=4))

    async def pieces() -> Any:
        for character in '{"a":[[[["x"]]]]}':
            yield character.encode()

    response = from_settings.post("/v1/functions", content=pieces(), headers={"Content-Type": "application/json"})
    assert (response.status_code, "at most 4 levels" in response.json()["detail"]) == (400, True)
