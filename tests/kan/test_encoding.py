"""Tables to network inputs and back: what each column becomes, and what a prediction refuses."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kan.encoding import (
    ClassOutput,
    Encoding,
    LevelsInput,
    MissingInput,
    NumberInput,
    NumberOutput,
    Outside,
    decode,
    encode,
    encode_targets,
    from_json,
    learn_encoding,
    outside_rows,
    probabilities,
    to_json,
)
from kan.encoding_learning import robust_range
from kan.errors import BadTrainingData, EncodingError, InvalidConfig, ShapeMismatch
from kan.state import Array

Table = dict[str, Any]
NAN = float("nan")


def texts(*values: str | None) -> Any:
    return np.array(values, dtype=object)


def table_of_all_kinds() -> Table:
    return {
        "size": np.array([1.0, 2.0, 3.0, 4.0, 5.0, 100.0]),
        "age": np.array([NAN, 10.0, 30.0, 20.0, 40.0, NAN]),
        "island": texts("b", "a", None, "a", "b", "c"),
        "same": np.array([7.0] * 5 + [8.0]),
        "y": np.array([1.0, 2.0, 3.0, 4.0, 5.0, NAN]),
    }


def learnt(table: Table, *inputs: str, target: str = "y", task: str = "regression", rows: int = 5) -> Encoding:
    return learn_encoding(table, inputs, [target], task, np.arange(rows))


def test_every_kind_of_column_becomes_its_inputs() -> None:
    encoding = learnt(table_of_all_kinds(), "size", "age", "island", "same")
    assert encoding.inputs == (
        NumberInput("size", "size", shift=3.0, scale=2.0, low=1.0, high=5.0, fill=None),
        NumberInput("age", "age", shift=25.0, scale=15.0, low=10.0, high=40.0, fill=20.0),
        MissingInput("age (missing)", "age"),
        LevelsInput("island", "island", ("a", "b", "(missing)"), (2, 2, 1)),
    )
    assert encoding.dropped == (("same", "the same value in every training row"),)
    assert encoding.outputs == (NumberOutput("y", mean=3.0, std=5 * np.std([0.2, 0.4, 0.6, 0.8, 1.0])),)
    assert (encoding.network_inputs, encoding.network_outputs, encoding.task) == (4, 1, "regression")
    assert encoding.input_levels == (None, None, 2, 3)
    assert encoding.columns == ("size", "age", "island")


def test_table_becomes_network_inputs() -> None:
    table = table_of_all_kinds()
    x = encode(learnt(table, "size", "age", "island"), table)
    # Values beyond the training range are not clipped; the unseen level c is one past the last.
    expected = [
        [-1.0, -1 / 3, 1, 1],
        [-0.5, -1.0, 0, 0],
        [0.0, 1 / 3, 0, 2],
        [0.5, -1 / 3, 0, 0],
        [1.0, 1.0, 0, 1],
        [48.5, -1 / 3, 1, 3],
    ]
    np.testing.assert_allclose(x, expected, atol=1e-15)


def test_targets_are_standardised_and_decode_undoes_it() -> None:
    table = table_of_all_kinds()
    encoding = learnt(table, "size")
    y = encode_targets(encoding, table)
    np.testing.assert_allclose([y[:5].mean(), y[:5].std()], [0.0, 1.0], atol=1e-15)
    assert np.isnan(y[5, 0])
    decoded = decode(encoding, y[:5].astype(np.float64))[:, 0]
    np.testing.assert_allclose(decoded, [1.0, 2.0, 3.0, 4.0, 5.0], rtol=1e-15)


def test_constant_target_keeps_its_value() -> None:
    table = {"x": np.arange(4.0), "y": np.full(4, 0.1)}
    encoding = learnt(table, "x", rows=4)
    assert encoding.outputs == (NumberOutput("y", 0.1, 1.0),)
    assert not encode_targets(encoding, table).any()


def test_several_targets_are_scaled_one_by_one() -> None:
    table = {"x": np.arange(4.0), "y1": np.arange(4.0), "y2": 1e6 * np.arange(4.0)}
    encoding = learn_encoding(table, ["x"], ["y1", "y2"], "regression", np.arange(4))
    y = encode_targets(encoding, table)
    np.testing.assert_allclose(y[:, 0], y[:, 1], rtol=1e-14)


@pytest.mark.parametrize("factor", [1e9, 1e-9, -3.0, 1e300, 1e-300])
def test_scaled_column_gives_the_same_inputs(factor: float) -> None:
    values = np.random.default_rng(0).normal(size=300)
    for column in (values, np.exp(2 * values), np.append(values[1:], 1e6)):
        one = {"x": column, "y": np.arange(300.0)}
        other = {**one, "x": column * factor}
        expected = encode(learnt(one, "x", rows=300), one)
        found = encode(learnt(other, "x", rows=300), other)
        np.testing.assert_allclose(found * np.sign(factor), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rows", [8, 20, 100, 1000, 5000])
@pytest.mark.parametrize("sign", [-1, 1])
def test_row_at_a_million_sigma_does_not_swallow_the_grid(rows: int, sign: int) -> None:
    values = np.random.default_rng(0).normal(size=rows)
    values[rows // 2] = sign * 1e6
    low, high = robust_range(values)
    rest = np.delete(values, rows // 2)
    assert (low, high) == (rest.min(), rest.max())


@pytest.mark.parametrize("kind", ["uniform", "normal", "exponential"])
def test_range_without_outliers_is_all_of_it(kind: str) -> None:
    values = getattr(np.random.default_rng(0), kind)(size=2000)
    assert robust_range(values) == (values.min(), values.max())


def test_rare_second_value_is_no_outlier() -> None:
    assert robust_range(np.array([0.0] * 999 + [1.0])) == (0.0, 1.0)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60))
def test_any_column_is_encoded_or_dropped_with_a_reason(values: list[float]) -> None:
    table = {"x": np.array(values), "also": np.arange(len(values) + 1.0)[1:], "y": np.arange(float(len(values)))}
    table["also"][0] = -5.0
    if len(values) == 1:
        return
    encoding = learnt(table, "x", "also", rows=len(values))
    assert encoding.network_inputs + len(encoding.dropped) == 2
    try:
        assert np.isfinite(encode(encoding, table)).all()
    except EncodingError:
        # Only an outlier further away than floats reach, in units of the range of the others.
        assert max(values) - min(values) > 1e290 or max(map(abs, values)) > 1e290 * robust_spread(values)


def robust_spread(values: list[float]) -> float:
    low, high = robust_range(np.array(values))
    return high - low


def test_encoding_does_not_see_rows_outside_training() -> None:
    table = table_of_all_kinds()
    before = learnt(table, "size", "age", "island")
    for name in ("size", "age", "y"):
        table[name][5] = -1e6
    table["island"][5] = "zzz"
    assert learnt(table, "size", "age", "island") == before


def test_mask_and_indices_choose_the_same_rows() -> None:
    table = table_of_all_kinds()
    mask = np.array([True] * 5 + [False])
    assert learn_encoding(table, ["age"], ["y"], "regression", mask) == learnt(table, "age")


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (np.full(6, NAN), "no value in the training rows"),
        (np.full(6, 2.5), "the same value in every training row"),
        (texts("a", "a", "a", "a", "a", "a"), "the same value in every training row"),
        (texts("a", "b", "c", "d", "e", "f"), "a value of its own in every training row"),
    ],
)
def test_column_that_cannot_be_used_is_dropped_with_the_reason(column: Any, reason: str) -> None:
    table = {"bad": column, "good": np.arange(6.0), "y": np.arange(6.0)}
    encoding = learnt(table, "bad", "good", rows=6)
    assert encoding.dropped == (("bad", reason),)
    assert encoding.columns == ("good",)


def test_category_of_very_many_levels_is_dropped() -> None:
    names = [str(k % 300) for k in range(900)]
    table = {"id": texts(*names), "x": np.arange(900.0), "y": np.arange(900.0)}
    assert learnt(table, "id", "x", rows=900).dropped == (("id", "300 different values, more than 256"),)


def test_constant_with_missing_values_becomes_its_missing_input() -> None:
    table = {"x": np.array([1.0, NAN, 1.0, 1.0]), "y": np.arange(4.0)}
    encoding = learnt(table, "x", rows=4)
    assert encoding.inputs == (MissingInput("x (missing)", "x"),)
    assert encode(encoding, table)[:, 0].tolist() == [0, 1, 0, 0]


def test_no_usable_input_is_bad_training_data_with_the_reasons() -> None:
    table = {"x": np.full(4, 1.0), "y": np.arange(4.0)}
    with pytest.raises(BadTrainingData, match="x: the same value"):
        learnt(table, "x", rows=4)


def test_no_training_row_is_bad_training_data() -> None:
    with pytest.raises(BadTrainingData, match="no training row"):
        learnt(table_of_all_kinds(), "size", rows=0)


def test_training_row_without_a_target_is_refused_by_row() -> None:
    with pytest.raises(EncodingError) as refused:
        learnt(table_of_all_kinds(), "size", rows=6)
    assert (refused.value.column, refused.value.row) == ("y", 5)


@pytest.mark.parametrize(
    ("change", "column", "row"),
    [
        ({"size": None}, "size", None),
        ({"size": np.array([1.0, NAN])}, "size", 1),
        ({"size": np.array([1.0, np.inf])}, "size", 1),
        ({"size": texts("1", "2")}, "size", None),
        ({"island": np.array([1.0, 2.0])}, "island", None),
        ({"island": texts("a", 3)}, "island", 1),  # type: ignore[arg-type]
        ({"age": np.array([1.0])}, "age", None),
        ({"age": np.array([[1.0], [2.0]])}, "age", None),
    ],
)
def test_table_that_does_not_fit_is_refused_by_column_and_row(change: Table, column: str, row: int | None) -> None:
    encoding = learnt(table_of_all_kinds(), "size", "age", "island")
    table: Table = {"size": np.array([1.0, 2.0]), "age": np.array([1.0, NAN]), "island": texts(None, "a")}
    table = {name: values for name, values in {**table, **change}.items() if values is not None}
    with pytest.raises(EncodingError) as refused:
        encode(encoding, table)
    assert (refused.value.column, refused.value.row) == (column, row)


def test_missing_category_is_refused_where_training_had_none() -> None:
    table = {"c": texts("a", "b", "a"), "y": np.arange(3.0)}
    encoding = learnt(table, "c", rows=3)
    with pytest.raises(EncodingError) as refused:
        encode(encoding, {"c": texts("a", None)})
    assert refused.value.row == 1


def test_number_beyond_all_floats_of_the_range_is_refused_not_infinite() -> None:
    table = {"x": np.arange(5.0) * 1e-300, "y": np.arange(5.0)}
    with pytest.raises(EncodingError, match="nearer"):
        encode(learnt(table, "x"), {"x": np.array([1e300])})


def test_empty_table_gives_no_rows() -> None:
    encoding = learnt(table_of_all_kinds(), "size", "island")
    assert encode(encoding, {"size": np.empty(0), "island": texts()}).shape == (0, 2)


def test_values_that_training_never_saw_are_listed_by_row() -> None:
    encoding = learnt(table_of_all_kinds(), "size", "age", "island")
    table = {"size": np.array([1.0, 0.9, 5.1]), "age": np.array([NAN, 10.0, 41.0]), "island": texts("c", "a", None)}
    assert outside_rows(encoding, table) == [
        Outside(0, "island", None, None),
        Outside(1, "size", 1.0, 5.0),
        Outside(2, "size", 1.0, 5.0),
        Outside(2, "age", 10.0, 40.0),
    ]


def class_table(classes: Any) -> Table:
    return {"x": np.arange(float(len(classes))), "y": classes}


def test_classes_are_text_in_the_order_of_names() -> None:
    table = class_table(texts("setosa", "other", "setosa", None, "never trained"))
    encoding = learnt(table, "x", task="classification", rows=3)
    assert encoding.outputs == (ClassOutput("y", ("other", "setosa")),)
    assert encoding.task == "classification"
    assert encoding.output_names == ("other", "setosa")
    assert encode_targets(encoding, table).tolist() == [1, 0, 1, -1, -1]


def test_number_classes_are_named_and_ordered_as_numbers() -> None:
    table = class_table(np.array([10.0, 2.0, 0.5, 2.0]))
    encoding = learnt(table, "x", task="classification", rows=4)
    assert encoding.outputs == (ClassOutput("y", ("0.5", "2", "10")),)
    assert encode_targets(encoding, table).tolist() == [2, 1, 0, 1]


def test_single_class_is_bad_training_data() -> None:
    with pytest.raises(BadTrainingData, match="single class"):
        learnt(class_table(texts("a", "a", "a")), "x", task="classification", rows=3)


@pytest.mark.parametrize(("targets", "task"), [(["y", "size"], "classification"), ([], "regression"), (["y"], "rank")])
def test_impossible_task_is_refused(targets: list[str], task: str) -> None:
    with pytest.raises(InvalidConfig):
        learn_encoding(table_of_all_kinds(), ["age"], targets, task, np.arange(5))


def test_probabilities_sum_to_one_and_do_not_depend_on_other_rows() -> None:
    encoding = Encoding((MissingInput("m", "m"),), (ClassOutput("y", ("a", "b", "c")),))
    logits: Array = np.array([[0.0, 1.0, 2.0], [800.0, 0.0, -800.0], [0.1, 0.1, 0.1]])
    found = probabilities(encoding, logits)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-15)
    np.testing.assert_allclose(found[0], np.exp(logits[0]) / np.exp(logits[0]).sum(), rtol=1e-14)
    assert all(np.array_equal(probabilities(encoding, logits[k : k + 1])[0], found[k]) for k in range(3))
    assert decode(encoding, logits) is logits
    with pytest.raises(ShapeMismatch):
        probabilities(encoding, logits[:, :2])


def test_json_and_back_is_the_same_encoding() -> None:
    encoding = learnt(table_of_all_kinds(), "size", "age", "island", "same")
    assert from_json(to_json(encoding)) == encoding
    classes = learnt(class_table(texts("a", "b", "a")), "x", task="classification", rows=3)
    assert from_json(to_json(classes)) == classes


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("inputs",), []),
        (("inputs",), "text"),
        (("outputs",), []),
        (("dropped",), [["one"]]),
        (("inputs", 0, "kind"), "other"),
        (("inputs", 0, "kind"), ["number"]),
        (("inputs", 0, "scale"), 0.0),
        (("inputs", 0, "scale"), "1"),
        (("inputs", 0, "shift"), NAN),
        (("inputs", 0, "shift"), 10**400),
        (("inputs", 0, "name"), 3),
        (("inputs", 0, "new"), 3),
        (("inputs", 3, "levels"), ["a", "a", "b"]),
        (("inputs", 3, "counts"), [1, 2, -3]),
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
