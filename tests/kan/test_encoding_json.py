"""An encoding survives JSON, and what is no encoding is refused."""

from dataclasses import replace
from typing import Any

import pytest

from kan.encoding import NumberInput, from_json, to_json
from kan.errors import InvalidConfig
from tests.kan.tables import NAN, class_table, learnt, table_of_all_kinds, texts


def test_json_and_back_is_the_same_encoding() -> None:
    encoding = learnt(table_of_all_kinds(), "size", "age", "island", "same")
    assert from_json(to_json(encoding)) == encoding
    classes = learnt(class_table(texts("a", "b", "a")), "x", task="classification", rows=3)
    assert from_json(to_json(classes)) == classes


def test_unused_columns_are_written_only_where_there_are_some() -> None:
    encoding = learnt(table_of_all_kinds(), "size", "age", "island")
    assert "unused" not in to_json(encoding)
    unused = replace(encoding, unused=("age",))
    assert from_json(to_json(unused)) == unused


def test_encoding_of_before_has_no_floor_and_no_ceiling_and_gets_none_written() -> None:
    plain = to_json(learnt(table_of_all_kinds(), "size"))
    (given,) = plain["inputs"]
    before = {**plain, "inputs": [{key: value for key, value in given.items() if key not in ("floor", "ceiling")}]}
    (read,) = from_json(before).inputs
    assert isinstance(read, NumberInput)
    assert (read.floor, read.ceiling) == (None, None)
    assert to_json(from_json(before)) == before


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("inputs",), []),
        (("inputs",), "text"),
        (("outputs",), []),
        (("dropped",), [["one"]]),
        (("unused",), "age"),
        (("unused",), ["elsewhere"]),
        (("unused",), ["size", "age", "island"]),
        (("inputs", 0, "kind"), "other"),
        (("inputs", 0, "kind"), ["number"]),
        (("inputs", 0, "scale"), 0.0),
        (("inputs", 0, "scale"), "1"),
        (("inputs", 0, "shift"), NAN),
        (("inputs", 0, "shift"), 10**400),
        (("inputs", 0, "name"), 3),
        (("inputs", 0, "floor"), 9.0),
        (("inputs", 0, "ceiling"), NAN),
        (("inputs", 0, "new"), 3),
        (("inputs", 3, "levels"), ["a", "a", "b"]),
        (("inputs", 3, "counts"), [1, 2, -3]),
        (("inputs", 3, "counts"), [1, 2, 2**63]),
        (("outputs", 0, "std"), -1.0),
        (("outputs", 0), None),
    ],
)
def test_json_that_is_no_encoding_is_refused(path: tuple[Any, ...], value: object) -> None:
    plain: Any = to_json(learnt(table_of_all_kinds(), "size", "age", "island"))
    at = plain
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    with pytest.raises(InvalidConfig):
        from_json(plain)
