"""A training job's work: updates, checkpoints that go on to the same bits, what is published."""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

from kan.checkpoint import load
from kan.decomposition import output_terms
from kan.encoding import decode, encode, encode_targets
from kan.errors import BadTrainingData, CheckpointError
from kan.predictor import evaluate
from kan.prune import pruned_edges
from kan.split import Part
from service.domain.columns import described_columns, table_arrays
from service.domain.limits import Limits
from service.domain.specs.train import resolve_train_spec
from service.domain.training import TrainingRun, TrainingUpdate
from service.settings import Settings

RECIPE = [{"stage": "fit", "steps": 6}, {"stage": "refine", "grid": 6}, {"stage": "refit", "steps": 3}]
NETWORK = {"hidden": [2], "grid": 3}


def a_frame(rows: int = 60) -> pl.DataFrame:
    generator = np.random.default_rng(0)
    a, b = generator.uniform(-2, 2, rows), generator.normal(size=rows)
    c = generator.choice(np.array(["red", "green"]), rows)
    y = np.sin(a) + b + (c == "red")
    part = np.array(["train", "train", "train", "Validation", "TEST"] * rows)[:rows]
    label = np.where(y > 0, "high", "low")
    frame = pl.DataFrame({"a": a, "b": b, "c": c, "y": y, "label": label, "part": part})
    return frame.with_columns(a=pl.when(pl.int_range(rows) % 10 == 0).then(None).otherwise(pl.col("a")))


class Job:
    """A data set and a resolved spec, which runs can be made of."""

    def __init__(self, frame: pl.DataFrame | None = None, **spec: Any) -> None:
        self.frame = a_frame() if frame is None else frame
        described = described_columns(self.frame, (), 256)
        self.types = {column["name"]: column["type"] for column in described}
        full = {"targets": ["y"], "inputs": ["a", "b", "c"], "recipe": RECIPE, "network": NETWORK, **spec}
        limits = Limits.from_settings(Settings())
        self.resolved: Mapping[str, Any] = resolve_train_spec(full, described, len(self.frame), limits)
        file = io.BytesIO()
        self.frame.write_parquet(file)
        self.table = file.getvalue()

    def run(self, checkpoint: bytes | None = None) -> TrainingRun:
        return TrainingRun(self.resolved, io.BytesIO(self.table), self.types, checkpoint)


def finished(run: TrainingRun) -> Any:
    updates = list(run)
    assert run.result is not None
    return updates, run.result


def test_updates_tell_every_stage_and_step_in_order() -> None:
    updates: list[TrainingUpdate] = finished(Job().run())[0]
    begun = [u.data["name"] for u in updates if u.type == "stage" and "ended" not in u.data]
    ended = [u.data["name"] for u in updates if u.stage_ended]
    assert begun == ended == ["fit", "refine", "refit"]
    assert [u.data["step"] for u in updates if u.type == "metric" and u.data["stage"] == 1][:3] == [1, 2, 3]
    fractions = [u.progress["fraction"] for u in updates if u.progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert all(u.progress["eta_s"] >= 0 for u in updates if u.progress)


def test_pruning_is_a_stage_whose_edges_the_version_names() -> None:
    recipe = [*RECIPE[:1], {"stage": "prune", "edge_threshold": 0.3}, *RECIPE[1:]]
    updates, result = finished(Job(recipe=recipe).run())
    begun = [u.data["name"] for u in updates if u.type == "stage" and "ended" not in u.data]
    assert begun == ["fit", "prune", "refine", "refit"]
    state = load(result.model)
    assert state.origin["pruned"] == [list(edge) for edge in pruned_edges(state)]
    assert state.origin["pruned"]


@pytest.mark.parametrize("stop_after", [4, 7, 9])
def test_sparse_fit_that_was_killed_goes_on_to_the_same_model(stop_after: int) -> None:
    recipe = [{"stage": "fit", "steps": 9, "lamb": 1e-3, "lamb_coef": 0.1}, {"stage": "prune"}]
    job = Job(recipe=recipe, targets=["y"])
    assert job.resolved["recipe"][0]["lamb_entropy"] == 2.0
    assert job.resolved["optimizer"] == "lm"
    _, expected = finished(job.run())
    first = job.run()
    for _ in itertools.islice(first, stop_after):
        pass
    assert finished(job.run(first.checkpoint()))[1].model == expected.model


@pytest.mark.parametrize("targets", [["y"], ["label"]], ids=["regression", "classification"])
@pytest.mark.parametrize("stop_after", [1, 5, 9, 11])
def test_killed_run_goes_on_to_the_same_model(targets: list[str], stop_after: int) -> None:
    job = Job(targets=targets)
    _, expected = finished(job.run())
    first = job.run()
    for _ in itertools.islice(first, stop_after):
        pass
    _, result = finished(job.run(first.checkpoint()))
    assert result.model == expected.model
    assert result.split == expected.split
    assert result.metrics == expected.metrics


def test_model_predicts_the_table_as_its_metrics_say() -> None:
    job = Job()
    _, result = finished(job.run())
    state = load(result.model)
    assert state.encoding is not None
    arrays = table_arrays(job.frame, job.types)
    outputs = decode(state.encoding, evaluate(state, encode(state.encoding, arrays)))[:, 0]
    parts = np.frombuffer(result.split, dtype=np.uint8)
    assert len(parts) == 60
    error = outputs[parts == Part.TEST] - arrays["y"][parts == Part.TEST]
    assert result.metrics["test"]["rmse"] == pytest.approx(float(np.sqrt(np.square(error).mean())), rel=1e-9)


def test_signature_names_inputs_outputs_and_the_network() -> None:
    _, result = finished(Job(targets=["label"], inputs=["a", "c"]).run())
    found = result.signature
    assert found["task"] == "classification"
    assert [(item["name"], item["type"]) for item in found["inputs"]] == [("a", "number"), ("c", "category")]
    assert found["inputs"][0]["missing"] is True
    assert found["inputs"][1]["levels"] == ["green", "red"]
    assert found["outputs"] == [{"name": "label", "type": "category", "classes": ["high", "low"]}]
    assert found["network"] == {"widths": [3, 2, 1], "grid": 6, "degree": 3, "base": "silu"}
    # 6 + 3 + 1 numbers an edge; a level is one number: a, its missing flag (2), c (2).
    assert found["parameters"] == (10 + 2 + 2) * 2 + 10 * 2 * 1


def test_split_column_decides_the_parts() -> None:
    _, result = finished(Job(split_column="part").run())
    expected = [Part.TRAIN, Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.TEST] * 12
    assert np.frombuffer(result.split, dtype=np.uint8).tolist() == expected


def test_split_column_with_other_words_is_bad_data() -> None:
    with pytest.raises(BadTrainingData, match="train, validation and test"):
        next(iter(Job(split_column="label").run()))


def test_search_is_run_where_no_network_is_given() -> None:
    _, result = finished(Job(network="auto", recipe=None, preset="quick").run())
    assert result.signature["network"]["base"] == "zero"
    assert result.train_seconds > 0


def test_warning_comes_first_where_rows_are_left_out() -> None:
    frame = a_frame()
    parts = frame["part"].to_list()
    rare = ["rare" if number == parts.index("TEST") else value for number, value in enumerate(frame["label"])]
    job = Job(frame.with_columns(label=pl.Series(rare)), targets=["label"], split_column="part")
    updates, result = finished(job.run())
    assert updates[0].type == "warning"
    assert "a class that no training row has" in updates[0].data["message"]
    assert result.metrics["test"]["rows"] == 11


def test_finished_early_gives_a_model_as_soon_as_a_stage_is_done() -> None:
    job = Job(recipe=[{"stage": "choose", "hidden": [2], "members": 1}, {"stage": "refit"}], network="auto")
    run = job.run()
    steps = iter(run)
    next(steps)
    assert run.finish_early() is None
    for update in steps:
        if update.stage_ended:
            break
    result = run.finish_early()
    assert result is not None
    assert load(result.model).widths == (4, 2, 1)


def test_run_cut_short_in_its_first_fit_gives_the_network_in_hand() -> None:
    run = Job(recipe=[{"stage": "fit", "steps": 50}]).run()
    steps = iter(run)
    for _ in range(5):
        next(steps)
    result = run.finish_early()
    assert result is not None
    assert result.metrics["validation"]["rmse"] > 0


def test_checkpoints_within_a_member_differ_and_end_in_the_same_bits() -> None:
    recipe = [{"stage": "choose", "hidden": [2], "members": 1}, {"stage": "average", "members": 2}]
    job = Job(recipe=recipe, network="auto")
    _, undisturbed = finished(job.run())
    run = job.run()
    steps = iter(run)
    taken = []
    for _ in range(8):
        next(steps)
        taken.append(run.checkpoint())
    assert len(set(taken)) >= len(taken) - 1, "the first update comes before the first step"
    _, resumed = finished(job.run(taken[-1]))
    assert resumed.model == undisturbed.model


def test_infinite_cell_and_single_class_are_bad_data() -> None:
    job = Job()
    file = io.BytesIO()
    job.frame.with_columns(b=pl.lit(float("inf"))).write_parquet(file)
    with pytest.raises(BadTrainingData, match="finite"):
        next(iter(TrainingRun(job.resolved, file, job.types)))
    words = pl.Series(["high"] * 36 + ["low"] * 24)
    parts = pl.Series(["train"] * 36 + ["validation"] * 12 + ["test"] * 12)
    frame = a_frame().with_columns(label=words, part=parts)
    with pytest.raises(BadTrainingData, match="single class"):
        next(iter(Job(frame, targets=["label"], split_column="part").run()))


def test_means_of_the_terms_are_those_of_the_training_rows() -> None:
    job = Job()
    _, result = finished(job.run())
    state = load(result.model)
    assert state.encoding is not None
    train = np.frombuffer(result.split, np.uint8) == Part.TRAIN
    x = encode(state.encoding, table_arrays(job.frame, job.types))[train]
    np.testing.assert_allclose(result.term_means, output_terms(state, x).mean(axis=0), rtol=1e-9)
    assert result.residuals is not None
    assert result.residuals[0]["rows"] == (np.frombuffer(result.split, np.uint8) == Part.TEST).sum() > 0


def test_damaged_checkpoint_is_refused() -> None:
    with pytest.raises(CheckpointError):
        next(iter(Job().run(b"damaged")))


def test_network_with_product_nodes_is_trained_and_told() -> None:
    job = Job(network={"hidden": [2], "grid": 3, "multiply": [1]})
    _, model = finished(job.run())
    state = load(model.model)
    assert [layer.products for layer in state.layers] == [(2,), ()]
    assert model.signature["network"]["products"] == [[2], []]
    assert model.signature["network"]["widths"] == [4, 3, 1]
    assert model.signature["parameters"] == job.resolved["parameters"]
    x = encode(state.encoding, table_arrays(job.frame, job.types)) if state.encoding else None
    assert x is not None
    assert np.isfinite(evaluate(state, x)).all()


def test_moments_taken_at_every_update_are_models_and_change_no_bit_of_the_result() -> None:
    job = Job()
    _, undisturbed = finished(job.run())
    run, moments = job.run(), []
    for update in run:
        found = run.moment()
        if update.stage_ended:
            assert found is not None
            assert found.stage_ended
            assert (found.stage, found.stage_name) == (update.data["stage"], update.data["name"])
            moments.append(found)
        elif update.type == "metric" and found is not None:
            assert (found.stage, found.stage_ended, found.step) == (1, False, update.progress["step"])
    assert run.result is not None
    assert run.result.model == undisturbed.model == moments[-1].model
    assert [load(each.model).layers[0].grid for each in moments] == [3, 6, 6]
    assert [each.step for each in moments] == [6, 0, 3]


def test_losses_of_a_moment_are_those_of_its_model() -> None:
    job = Job(recipe=[{"stage": "fit", "steps": 4}])
    run = job.run()
    moments = [run.moment() for update in run if update.stage_ended]
    moment = moments[0]
    assert moment is not None
    assert run.result is not None
    state, parts = load(moment.model), np.frombuffer(run.result.split, np.uint8)
    assert state.encoding is not None
    arrays = table_arrays(job.frame, job.types)
    outputs, targets = evaluate(state, encode(state.encoding, arrays)), encode_targets(state.encoding, arrays)
    halves = 0.5 * np.square(outputs - targets)[:, 0]
    assert moment.train_loss == pytest.approx(halves[parts == Part.TRAIN].mean(), rel=1e-9)
    assert moment.validation_loss == pytest.approx(halves[parts == Part.VALIDATION].mean(), rel=1e-9)


def test_a_search_that_has_fitted_nothing_yet_has_no_moment() -> None:
    run = Job(recipe=[{"stage": "choose", "hidden": [2], "members": 1}, {"stage": "refit"}], network="auto").run()
    next(iter(run))
    assert run.moment() is None
