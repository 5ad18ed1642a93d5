"""Names that people give: anything visible is legal, control characters are not."""

from __future__ import annotations

import pytest

from service.domain.names import name_fault, normal_name


@pytest.mark.parametrize("name", ["concrete", "../../etc/passwd", '"><script>', "größe", "=1+1", "a" * 200, "名前"])
def test_visible_name_is_legal(name: str) -> None:
    assert name_fault(normal_name(name)) is None


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "a\nb", "a\x1bb", "a\u202eb", "a\ud800", "a\u2028b", "a" * 201])
def test_name_with_nothing_too_much_or_control_characters_is_refused(name: str) -> None:
    assert name_fault(normal_name(name)) is not None


def test_names_that_look_alike_by_composition_become_one() -> None:
    assert normal_name(" e\u0301 ") == "\u00e9"


@pytest.mark.timeout(20)
def test_text_far_too_long_for_a_name_is_not_normalised() -> None:
    marks = "a" + "\u0301" * 50_000 + "\u0316" * 50_000
    assert normal_name(f" {marks} ") == marks
    assert name_fault(marks) is not None


def test_longest_name_is_normalised_from_its_parts() -> None:
    # Four characters become one.
    name = normal_name("\u03b1\u0313\u0342\u0345" * 200)
    assert (name, name_fault(name)) == ("\u1f86" * 200, None)
