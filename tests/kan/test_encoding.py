"""Tables to network inputs and back: what each column becomes, and what a prediction refuses."""

from dataclasses import replace

import numpy as np
import pytest

from kan.encoding import (
    BinaryOutput,
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
    is_beyond_ends,
    learn_encoding,
    outside_rows,
    probabilities,
)
from kan.errors import EncodingError, ShapeMismatch
from kan.state import Array
from tests.kan.tables import NAN, Table, class_table, learnt, table_of_all_kinds, texts


def test_every_kind_of_column_becomes_its_inputs() -> None:
    encoding = learnt(table_of_all_kinds(), "size", "age", "island", "same")
    assert encoding.inputs == (
        NumberInput("size", "size", 3.0, 2.0, low=1.0, high=5.0, fill=None, floor=0.5, ceiling=5.5),
        NumberInput("age", "age", 25.0, 15.0, low=10.0, high=40.0, fill=20.0, floor=6.25, ceiling=43.75),
        MissingInput("age (missing)", "age"),
        LevelsInput("island", "island", ("a", "b", "(missing)"), (2, 2, 1)),
    )
    assert encoding.dropped == (("same", "the same value in every training row"),)
    assert encoding.outputs == (NumberOutput("y", mean=3.0, std=5 * float(np.std([0.2, 0.4, 0.6, 0.8, 1.0]))),)
    assert (encoding.network_inputs, encoding.network_outputs, encoding.task) == (4, 1, "regression")
    assert encoding.input_levels == (None, None, 2, 3)
    assert encoding.columns == ("size", "age", "island")


def test_table_becomes_network_inputs() -> None:
    table = table_of_all_kinds()
    x = encode(learnt(table, "size", "age", "island"), table)
    # A value far beyond the training range counts as one an eighth of the range beyond; the unseen level c is one past
    # the last.
    expected = [
        [-1.0, -1 / 3, 1, 1],
        [-0.5, -1.0, 0, 0],
        [0.0, 1 / 3, 0, 2],
        [0.5, -1 / 3, 0, 0],
        [1.0, 1.0, 0, 1],
        [1.25, -1 / 3, 1, 3],
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
    encoding = Encoding((NumberInput("x", "x", 2e-300, 2e-300, 0.0, 4e-300),), (NumberOutput("y", 0.0, 1.0),))
    with pytest.raises(EncodingError, match="nearer"):
        encode(encoding, {"x": np.array([1e300])})


def test_number_is_scaled_as_it_is_up_to_floor_and_ceiling_and_counts_as_these_beyond() -> None:
    ends = NumberInput("x", "x", 5.0, 2.0, low=3.0, high=7.0, fill=4.0, floor=2.5, ceiling=9.0)
    values = np.array([-1e308, 2.5, 2.6, 8.9, 9.0, 9.1, 1e308, NAN])
    for item, expected in (
        (ends, [-1.25, -1.25, -1.2, 1.95, 2.0, 2.0, 2.0, -0.5]),
        (replace(ends, floor=None), [-5e307, -1.25, -1.2, 1.95, 2.0, 2.0, 2.0, -0.5]),
        (replace(ends, floor=None, ceiling=None), [-5e307, -1.25, -1.2, 1.95, 2.0, 2.05, 5e307, -0.5]),
    ):
        encoding = Encoding((item,), (NumberOutput("y", 0.0, 1.0),))
        np.testing.assert_allclose(encode(encoding, {"x": values})[:, 0], expected, rtol=1e-12)
    assert is_beyond_ends(ends, values).tolist() == [True, False, False, False, False, True, True, False]


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


def test_classes_are_text_in_the_order_of_names() -> None:
    table = class_table(texts("setosa", "other", "setosa", None, "never trained"))
    encoding = learnt(table, "x", task="classification", rows=3)
    assert encoding.outputs == (BinaryOutput("y", ("other", "setosa")),)
    assert encoding.task == "classification"
    assert encoding.output_names == ("setosa",)
    assert encode_targets(encoding, table).tolist() == [1, 0, 1, -1, -1]


def test_number_classes_are_named_and_ordered_as_numbers() -> None:
    table = class_table(np.array([10.0, 2.0, 0.5, 2.0]))
    encoding = learnt(table, "x", task="classification", rows=4)
    assert encoding.outputs == (ClassOutput("y", ("0.5", "2", "10")),)
    assert encode_targets(encoding, table).tolist() == [2, 1, 0, 1]


def test_two_classes_have_one_logit_and_models_with_two_still_answer_alike() -> None:
    one = Encoding((MissingInput("m", "m"),), (BinaryOutput("y", ("a", "b")),))
    two = Encoding((MissingInput("m", "m"),), (ClassOutput("y", ("a", "b")),))
    logits = np.array([[0.0], [2.0], [-700.0]])
    found = probabilities(one, logits)
    np.testing.assert_allclose(found[:, 1], 1 / (1 + np.exp(-logits[:, 0])), rtol=1e-14)
    assert np.array_equal(found, probabilities(two, np.hstack([np.zeros((3, 1)), logits])))
    assert (one.network_outputs, two.network_outputs) == (1, 2)


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
