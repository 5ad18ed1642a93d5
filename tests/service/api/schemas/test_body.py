"""Unknown fields of a body are refused by name, beside everything else that is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field, ValidationError

from service.api.schemas.body import Body


class Inner(Body):
    """A part of a body."""

    size: int = 1


class Outer(Body):
    """A body."""

    colour: str = Field("red", max_length=5)
    inner: Inner = Inner()
    parts: list[Inner] = Field(default_factory=list)


def faults(value: Any) -> list[tuple[tuple[Any, ...], str, str]]:
    with pytest.raises(ValidationError) as refused:
        Outer.model_validate(value)
    return [(item["loc"], item["type"], item["msg"]) for item in refused.value.errors()]


def test_a_misspelt_field_is_told_what_was_meant() -> None:
    assert faults({"color": "red"}) == [
        (("color",), "extra_forbidden", "unknown field (did you mean colour?); expected one of colour, inner, parts")
    ]


def test_a_field_like_none_is_told_which_there_are() -> None:
    assert faults({"{0}": "red"}) == [
        (("{0}",), "extra_forbidden", "unknown field; expected one of colour, inner, parts")
    ]


def test_fields_of_objects_within_are_those_of_these_objects() -> None:
    words = "unknown field (did you mean size?); expected one of size"
    assert faults({"inner": {"siz": 1}, "parts": [{}, {"sizes": 2}]}) == [
        (("inner", "siz"), "extra_forbidden", words),
        (("parts", 1, "sizes"), "extra_forbidden", words),
    ]


def test_everything_else_that_is_wrong_is_said_too() -> None:
    found = faults({"colour": "turquoise", "inner": {"size": "1"}, "nope": 1})
    assert [(where, kind) for where, kind, _ in found] == [
        (("colour",), "string_too_long"),
        (("inner", "size"), "int_type"),
        (("nope",), "extra_forbidden"),
    ]
    assert found[0][2] == "String should have at most 5 characters"
