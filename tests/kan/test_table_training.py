"""A table's training as a whole: honest parts, units, tiny and odd tables, the same bits for the same seed."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from kan.checkpoint import dump
from kan.config import Fit, NetworkConfig, Refit, Starts
from kan.config_sparsity import Prune
from kan.encoding import decode, encode
from kan.errors import BadTrainingData, CheckpointError, EncodingError
from kan.predictor import evaluate
from kan.presets import preset_recipe
from kan.split import Part
from kan.table_training import TableResult, TableTask, TableTraining
from tests.kan.training import Table, a_table, a_task, finish, global_seeds, model_bytes, trained

FIXED = preset_recipe("quick", search=False)
SHORT = (Fit(steps=8),)


def r2(result: TableResult, part: str = "test") -> float:
    value = (result.metrics[part] or {})["r2"]
    assert value is not None
    return float(value)


def predicted(result: TableResult, table: Table) -> np.ndarray[Any, Any]:
    encoding = result.state.encoding
    assert encoding is not None
    return decode(encoding, evaluate(result.state, encode(encoding, table)))


def class_table(counts: dict[str, int], seed: int = 0) -> Table:
    generator = np.random.default_rng(seed)
    label = np.repeat(np.array(list(counts), dtype=object), list(counts.values()))
    order = generator.permutation(len(label))
    return {"a": generator.normal(size=len(label)), "b": generator.normal(size=len(label)), "label": label[order]}


@pytest.mark.parametrize("recipe", [None, FIXED], ids=["search", "fixed"])
def test_table_with_numbers_categories_and_missing_cells_is_learnt(recipe: Any) -> None:
    table = a_table(200)
    table["a"][::9] = np.nan
    result = trained(table, a_task(recipe))
    assert r2(result) > 0.7
    assert predicted(result, table).shape == (200, 1)


@pytest.mark.parametrize("recipe", [None, FIXED], ids=["search", "fixed"])
def test_classes_are_learnt(recipe: Any) -> None:
    result = trained(a_table(200), a_task(recipe, targets=("label",)))
    accuracy = (result.metrics["test"] or {})["accuracy"]
    assert accuracy is not None
    assert accuracy > 0.8


def test_start_is_gone_on_from_with_its_encoding_and_a_killed_run_ends_in_the_same_bits() -> None:
    start = trained(a_table(80), a_task(SHORT)).state
    table = {**a_table(90, seed=1), "a": 3.0 + a_table(90, seed=1)["a"]}
    task = a_task((Fit(steps=6), Prune(), Refit(steps=2)), start=start)
    training = TableTraining(table, task)
    assert training.encoding == start.encoding
    whole = finish(training.run())
    assert whole.state.widths == start.widths
    for stop_after in (2, 8):
        killed = TableTraining(table, task)
        for _ in itertools.islice(killed.run(), stop_after):
            pass
        resumed = TableTraining(table, task, checkpoint=killed.checkpoint())
        assert dump(finish(resumed.run()).state) == dump(whole.state)


@pytest.mark.parametrize("targets", [("y",), ("label",)])
def test_the_last_rows_judge_alone_and_change_nothing_of_what_is_learnt(targets: tuple[str, ...]) -> None:
    table = a_table(80)
    judged = {name: np.concatenate([table[name], a_table(30, seed=1)[name]]) for name in table}
    alone = trained(table, a_task(SHORT, targets=targets, test_fraction=0.0))
    result = trained(judged, a_task(SHORT, targets=targets, test_fraction=0.0, judges=30))
    assert dump(result.state) == dump(alone.state)
    np.testing.assert_array_equal(result.parts[:80], alone.parts)
    assert set(result.parts[80:]) <= {Part.TEST, Part.UNUSED}
    assert alone.metrics.get("test") is None
    assert (result.metrics["test"] or {})["rows"] == (result.parts == Part.TEST).sum() > 0


def test_rows_that_the_start_cannot_read_are_left_out() -> None:
    complete = trained(a_table(80), a_task(SHORT, inputs=("b",))).state
    table = a_table(60)
    table["b"][::3] = np.nan
    training = TableTraining(table, a_task(SHORT, inputs=("b",), start=complete))
    assert (training.parts[::3] == Part.UNUSED).all()
    assert training.warnings[0].startswith("20 rows are left out (the first is row 0): a missing value")
    with pytest.raises(BadTrainingData, match="no row is left for training"):
        TableTraining({**table, "b": np.full(60, np.nan)}, a_task(SHORT, inputs=("b",), start=complete))


def test_targets_of_very_different_size_are_both_learnt() -> None:
    table = a_table(150)
    result = trained(table, a_task(targets=("y", "y2")))
    test = result.parts == Part.TEST
    outputs = predicted(result, table)[test]
    np.testing.assert_allclose(outputs[:, 1], 1e6 * outputs[:, 0], rtol=1e-5, atol=1e-2 * 1e6)
    for column, name in enumerate(("y", "y2")):
        actual = table[name][test]
        assert 1 - np.square(outputs[:, column] - actual).sum() / np.square(actual - actual.mean()).sum() > 0.95


@pytest.mark.parametrize("recipe", [None, SHORT], ids=["search", "fixed"])
def test_scaled_and_shifted_column_gives_the_same_r2(recipe: Any) -> None:
    table = a_table(80)
    scaled = {**table, "b": table["b"] * 1e9 + 3e9}
    # The encoding rounds differently in the last bits; an optimizer multiplies that a little.
    assert r2(trained(scaled, a_task(recipe))) == pytest.approx(r2(trained(table, a_task(recipe))), abs=1e-6)


@pytest.mark.parametrize("value", [0.1, 0.0, -4e8])
def test_constant_target_is_predicted_and_has_no_r2(value: float) -> None:
    table = {**a_table(40), "y": np.full(40, value)}
    result = trained(table, a_task())
    assert (result.metrics["test"] or {})["r2"] is None
    np.testing.assert_allclose(predicted(result, table), value, rtol=1e-9, atol=1e-9)


def test_constant_column_is_dropped_and_changes_no_bit_of_the_predictions() -> None:
    table = {**a_table(60), "k": np.full(60, 7.0)}
    plain, more = trained(table, a_task(SHORT)), trained(table, a_task(SHORT, inputs=("a", "b", "c", "k")))
    assert more.state.encoding is not None
    assert [column for column, _ in more.state.encoding.dropped] == ["k"]
    assert np.array_equal(predicted(plain, table), predicted(more, table))


@pytest.mark.parametrize("far", [1e9])
def test_one_outlier_leaves_the_other_rows_as_good(far: float) -> None:
    table = a_table(200)
    parts = np.array([Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.TEST] * 50, dtype=np.uint8)
    spoilt = {**table, "b": table["b"].copy()}
    spoilt["b"][0] = far * table["b"].std()
    clean, dirty = (trained(t, a_task(parts=parts)) for t in (table, spoilt))
    assert r2(dirty) > r2(clean) - 0.01


@pytest.mark.parametrize("task", [a_task(SHORT), a_task(), a_task(SHORT, targets=("label",))])
def test_same_seed_gives_the_same_bytes_and_global_seeds_stay(task: TableTask) -> None:
    before = global_seeds()
    first = model_bytes(a_table(40), task)
    assert global_seeds() == before
    torch.manual_seed(123)
    np.random.seed(123)
    assert model_bytes(a_table(40), task) == first


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("recipe", [None, FIXED], ids=["search", "fixed"])
def test_two_threads_give_the_same_predictions_as_one_within_rounding(recipe: Any) -> None:
    # Trap 29: another number of threads adds in another order; the steps may magnify the last bits.
    table, task = a_table(400), a_task(recipe)
    found = []
    for count in (1, 2):
        with torch_threads(count):
            found.append(predicted(trained(table, task), table))
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-5 * table["y"].std())


def test_another_seed_gives_another_model() -> None:
    assert model_bytes(a_table(40), a_task(SHORT, seed=1)) != model_bytes(a_table(40), a_task(SHORT, seed=2))


@pytest.mark.parametrize("task", [a_task(), a_task(SHORT, targets=("label",))], ids=["search", "classes"])
def test_values_and_number_of_test_rows_change_nothing_in_the_model(task: TableTask) -> None:
    table = a_table(60)
    parts = np.array([Part.TRAIN] * 36 + [Part.VALIDATION] * 12 + [Part.TEST] * 12, dtype=np.uint8)

    def model(rows: Table, given: Any) -> bytes:
        fields = {**vars(task), "parts": given}
        return model_bytes(rows, TableTask(**fields))

    expected = model(table, parts)
    changed = {name: values.copy() for name, values in table.items()}
    for name in ("a", "b", "y", "y2"):
        changed[name][48:] = 1e3 * np.arange(12)
    changed["c"][48:], changed["label"][48:] = "never seen", "low"
    assert model(changed, parts) == expected
    assert model({name: values[:50] for name, values in table.items()}, parts[:50]) == expected
    reordered = np.r_[np.arange(48, 60), np.arange(48)]
    assert model({name: values[reordered] for name, values in table.items()}, parts[reordered]) == expected


@pytest.mark.parametrize("rows", [5, 6, 7, 10])
@pytest.mark.parametrize("kind", ["search", "fixed", "classes", "classes, fixed"])
def test_tiny_table_trains_or_is_refused_as_bad_data(rows: int, kind: str) -> None:
    recipe = (Starts(1, 6), Refit(3)) if "fixed" in kind else None
    for seed in range(2 if "classes" in kind else 1):
        # Few rows, few steps: what counts is how it ends.
        task = a_task(recipe, targets=("label",) if "classes" in kind else ("y",), seed=seed)
        try:
            result = trained(a_table(rows, seed), task)
        except BadTrainingData:
            continue
        readable = {name: v[result.parts == Part.TRAIN] for name, v in a_table(rows, seed).items()}
        assert np.isfinite(predicted(result, readable)).all()


@pytest.mark.parametrize("rows", [0, 1, 4])
def test_fewer_than_five_rows_are_refused(rows: int) -> None:
    with pytest.raises(BadTrainingData, match="at least 5"):
        TableTraining(a_table(rows), a_task())


@pytest.mark.parametrize("rows", [5, 60])
def test_rows_that_are_all_equal_are_refused(rows: int) -> None:
    table = {name: np.repeat(values[:1], rows) for name, values in a_table(1).items()}
    with pytest.raises(BadTrainingData, match="same value"):
        trained(table, a_task())


def test_rows_that_repeat_two_values_train() -> None:
    table = {name: np.tile(values, 10) for name, values in a_table(2).items()}
    assert np.isfinite(predicted(trained(table, a_task()), table)).all()


def test_single_class_is_refused() -> None:
    with pytest.raises(BadTrainingData, match="single class"):
        TableTraining(class_table({"only": 30}), a_task(SHORT, inputs=("a", "b"), targets=("label",)))


def test_class_that_no_training_row_has_is_left_out_and_told() -> None:
    parts = np.array([Part.TRAIN] * 20 + [Part.VALIDATION] * 6 + [Part.TEST] * 6, dtype=np.uint8)
    table = class_table({"x": 16, "y": 16})
    table["label"][:20] = np.where(np.arange(20) % 2, "x", "y")
    table["label"][21], table["label"][30] = "rare", "rare"
    training = TableTraining(table, a_task(SHORT, inputs=("a", "b"), targets=("label",), parts=parts))
    assert training.warnings == [
        "2 rows are left out of validation and test (the first is row 21):"
        " a missing value or a class that no training row has"
    ]
    result = finish(training.run())
    assert (result.metrics["test"] or {})["rows"] == 5
    assert result.parts[21] == Part.UNUSED


@pytest.mark.parametrize("seed", range(3))
def test_rare_classes_train_in_a_search(seed: int) -> None:
    table = class_table({"x": 40, "y": 15, "rare": 3}, seed)
    result = trained(table, a_task(inputs=("a", "b"), targets=("label",), seed=seed))
    assert np.isfinite(predicted(result, table)).all()


@pytest.mark.parametrize("column", ["a", "y"])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_is_refused_by_column_and_row(column: str, value: float) -> None:
    table = a_table(40)
    table[column][7] = value
    with pytest.raises(EncodingError, match=f"column '{column}', row 7"):
        trained(table, a_task())


def test_rows_without_a_target_are_unused() -> None:
    table = a_table(60)
    table["y"][:10] = np.nan
    result = trained(table, a_task(SHORT))
    assert (result.parts[:10] == Part.UNUSED).all()
    assert (result.parts[10:] != Part.UNUSED).all()


def test_absent_columns_are_named() -> None:
    with pytest.raises(EncodingError, match="nothing"):
        TableTraining(a_table(), a_task(targets=("nothing",)))
    with pytest.raises(EncodingError, match="nothing"):
        TableTraining(a_table(), a_task(inputs=("a", "nothing")))


def test_damaged_checkpoint_is_refused() -> None:
    with pytest.raises(CheckpointError):
        TableTraining(a_table(), a_task(), checkpoint=b"damaged")


def test_largest_seed_trains_with_both_optimizers() -> None:
    for optimizer in ("lm", "adam"):
        task = a_task([Fit(optimizer=optimizer, steps=1)], seed=2**53 - 1)
        assert dump(trained(a_table(30), task).state)


def test_search_takes_the_degree_asked_for() -> None:
    result = trained(a_table(60), a_task(config=NetworkConfig(degree=2)))
    assert {layer.degree for layer in result.state.layers} == {2}
