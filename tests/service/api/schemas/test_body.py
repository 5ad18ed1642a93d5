"""Unknown fields of a body are refused by name, beside everything else that is wrong."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from service.api.schemas.body import FEW, MOST_ENTRIES, Body

FIELDS = "colour, inner, parts, labels"


class Inner(Body):
    """A part of a body."""

    size: int = 1


class Outer(Body):
    """A body."""

    colour: str = Field("red", max_length=5)
    inner: Inner = Inner()
    parts: list[Inner] = Field(default_factory=list)
    labels: Annotated[dict[str, str], FEW] = Field(default_factory=dict)


def faults(value: Any) -> list[tuple[tuple[Any, ...], str, str]]:
    with pytest.raises(ValidationError) as refused:
        Outer.model_validate(value)
    return [(item["loc"], item["type"], item["msg"]) for item in refused.value.errors()]


def test_a_misspelt_field_is_told_what_was_meant() -> None:
    assert faults({"color": "red"}) == [
        (("color",), "extra_forbidden", f"unknown field (did you mean colour?); expected one of {FIELDS}")
    ]


def test_a_field_like_none_is_told_which_there_are() -> None:
    assert faults({"{0}": "red"}) == [(("{0}",), "extra_forbidden", f"unknown field; expected one of {FIELDS}")]


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


def test_an_object_of_too_many_entries_costs_one_fault_not_one_for_each() -> None:
    crowd = {f"x{number}": number for number in range(MOST_ENTRIES + 1)}
    refusal = "too_long", "expected at most 1,000 entries"
    assert faults({"labels": crowd}) == [(("labels",), *refusal)]
    assert faults({"inner": crowd}) == [(("inner",), *refusal)]
    assert faults(crowd) == [((), *refusal)]


def test_as_many_unknown_fields_are_named_as_a_problem_shows() -> None:
    assert len(faults({f"x{number}": 1 for number in range(50)})) == 20


def test_an_object_of_as_many_entries_as_there_may_be_is_read() -> None:
    crowd = {f"x{number}": "" for number in range(MOST_ENTRIES)}
    assert Outer(labels=crowd).labels == crowd
