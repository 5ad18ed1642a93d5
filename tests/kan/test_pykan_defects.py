"""What pykan 0.2.8 gets wrong in training, defect by defect: none of it is ours. D-numbers are those of our notes."""

import copy
import random
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kan import Kan, fit
from kan.checkpoint import dump
from kan.config import Fit, NetworkConfig, Refine, Refit, Stage
from kan.errors import ShapeMismatch
from kan.journal import Journal
from kan.kernels.cpu.cpu_network import CpuNetwork
from kan.losses import BinaryCrossEntropy
from kan.predictor import evaluate
from kan.split import Part
from kan.stages.grids import refined_network
from kan.stages.recipe import Progress, run_recipe
from kan.stages.work import Work
from kan.state import EdgeFormula
from kan.table_training import TableTraining
from tests.kan.training import Table, a_problem, a_table, a_task, model_bytes, randomised, trained, uniform

SHORT: list[Stage] = [Fit(steps=10), Refine(12, exact=False), Fit(steps=6), Refit(3)]


def test_d9_rows_of_another_width_are_refused() -> None:
    """D9: a network of one input took four columns without a word."""
    with pytest.raises(ShapeMismatch, match=r"expected shape \(rows, 1\), got \(5, 4\)"):
        Kan([1, 1])(torch.zeros(5, 4, dtype=torch.float64))
    with pytest.raises(ShapeMismatch):
        fit(Kan([1, 1]), np.zeros((5, 4)), np.zeros(5))


def split_table(rows: int = 80, test_rows: int = 20) -> tuple[Table, np.ndarray]:
    """A table whose last rows are test rows."""
    table = a_table(rows + test_rows)
    parts = np.full(rows + test_rows, Part.TRAIN, dtype=np.uint8)
    parts[:rows:5], parts[rows:] = Part.VALIDATION, Part.TEST
    return table, parts


def test_d10_what_a_model_says_of_its_data_comes_from_training_rows() -> None:
    """D10: after a fit the kept samples were the test set, and pruning, refining and pictures used them."""
    table, parts = split_table()
    other = {name: values.copy() for name, values in table.items()}
    for name in ("a", "b", "y"):
        other[name][parts == Part.TEST] = 1e6 * (1 + np.arange((parts == Part.TEST).sum()))
    models = [dump(trained(rows, a_task(SHORT, parts=parts)).state) for rows in (table, other)]
    assert models[0] == models[1]


@pytest.mark.parametrize("test_rows", [0, 1, 3, 200])
def test_d14_number_of_test_rows_changes_nothing(test_rows: int) -> None:
    """D14: the size of the test set moved the shared generator and with it the trained weights."""
    adam = Fit(optimizer="adam", steps=1, batch_size=16)
    expected, models = None, []
    for count in (20, test_rows):
        table, parts = split_table(test_rows=200)
        kept = slice(0, 80 + count)
        cut = {name: values[kept] for name, values in table.items()}
        models.append(dump(trained(cut, a_task([adam, Refit(3)], parts=parts[kept])).state))
    expected = models[0]
    assert models[1] == expected


def test_d14_order_of_the_test_rows_changes_nothing() -> None:
    """D14, further: neither does their order."""
    table, parts = split_table()
    order = np.concatenate([np.arange(80), 80 + np.random.default_rng(1).permutation(20)])
    shuffled = {name: values[order] for name, values in table.items()}
    first, second = (trained(rows, a_task(SHORT, parts=parts)) for rows in (table, shuffled))
    assert dump(first.state) == dump(second.state)
    assert first.metrics["test"] is not None
    assert second.metrics["test"] is not None
    assert first.metrics["test"]["rmse"] == pytest.approx(second.metrics["test"]["rmse"], rel=1e-12)


def test_d15_test_and_training_parts_smaller_than_a_batch_are_trained() -> None:
    """D15: a test set smaller than the batch was a ValueError."""
    table, parts = split_table(rows=20, test_rows=2)
    result = trained(table, a_task([Fit(optimizer="adam", steps=1, batch_size=1024)], parts=parts))
    assert result.metrics["test"] is not None
    assert result.metrics["test"]["rows"] == 2


def test_d16_cross_entropy_is_reported_as_itself_and_not_as_its_square_root() -> None:
    """D16: cross-entropy was reported as a square root, 0.690 for 0.476."""
    x = uniform(200, 2)
    labels = (x[:, 0] + 0.5 * torch.from_numpy(np.random.default_rng(0).normal(size=200)) > 0).to(torch.int64)
    problem = a_problem(x, labels, loss=BinaryCrossEntropy())
    steps: list[Progress] = []
    run = run_recipe(Work(problem, NetworkConfig((), 3)), [Fit(optimizer="lm", steps=1, patience=None)], Journal())
    while True:
        try:
            steps.append(next(run))
        except StopIteration as stop:
            network = stop.value.network
            break
    for rows, told in ((problem.train, steps[0].train_loss), (problem.validation, steps[0].validation_loss)):
        logits = network(x[rows]).detach().numpy()[:, 0]
        chances = np.where(labels[rows].numpy() == 1, 1 / (1 + np.exp(-logits)), 1 / (1 + np.exp(logits)))
        assert told == pytest.approx(-np.log(chances).mean(), rel=1e-9)
    table = a_table(100)
    metrics = trained(table, a_task([Fit(steps=30)], targets=("label",))).metrics["train"]
    assert metrics is not None
    assert 0.0 < float(metrics["log_loss"] or 0.0) < 0.5


def test_d19_a_line_goes_on_outside_the_training_range() -> None:
    """D19: y = 3 x learnt on [-1, 1] gave 4.1 at 1.5, 4.9 at 2 and 27.8 at 10."""
    x = uniform(200, 1)
    network = fit(Kan([1, 1]), x.numpy(), 3 * x.numpy(), recipe=[Fit(steps=60)]).network
    outside = torch.tensor([[1.5], [2.0], [10.0], [-10.0]], dtype=torch.float64)
    torch.testing.assert_close(network(outside).detach(), 3 * outside, rtol=5e-3, atol=0)


def test_d20_training_writes_no_file_and_checkpoints_hold_no_input_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D20: every step wrote three files, one of them the last input batch."""
    monkeypatch.chdir(tmp_path)
    table = a_table(80)
    for optimizer in ("lm", "lbfgs", "adam"):
        training = TableTraining(table, a_task([Fit(optimizer=optimizer, steps=2)], inputs=("a", "b")))
        for _ in training.run():
            saved = training.checkpoint()
            assert not any(np.float64(value).tobytes() in saved for value in table["a"])
            # The first and last value of a column may be the end of a grid.
            inner = np.sort(training._problem.x[:, 0].numpy())[3:-3]
            assert not any(value.tobytes() in saved for value in inner)
    copy.deepcopy(Kan([2, 2, 1])).copy()
    assert list(tmp_path.iterdir()) == []


def global_states() -> tuple[object, ...]:
    numpy_state = np.random.get_state(legacy=False)
    return torch.get_rng_state().numpy().tobytes(), numpy_state["state"]["key"].tobytes(), random.getstate()


def test_d21_building_training_and_refining_leave_the_global_generators_alone() -> None:
    """D21: building a model reset the global seeds of torch, numpy and random; pruning and refining set them to 1."""
    before = global_states()
    x = uniform(60, 2).numpy()
    network = fit(Kan([2, 2, 1], seed=5), x, x[:, 0], recipe=SHORT).network
    refined_network(network, 12).copy()
    for optimizer in ("adam", "lbfgs"):
        fit(network, x, x[:, 0], recipe=[Fit(optimizer=optimizer, steps=1)])
    model_bytes(a_table(40), a_task())
    assert global_states() == before


def test_d22_copies_and_finer_grids_keep_every_setting() -> None:
    """D22: pruning a node lost five settings of the network."""
    network = randomised(Kan([2, 3, 1], grid=4, degree=2, base="zero", grid_eps=0.3, input_levels=(None, 3)))
    with torch.no_grad():
        network.kan_layers[0].mask[0, 1] = 0.0
    x = uniform(50, 2)
    x[:, 1] = torch.arange(50) % 3
    for other, grid in ((network.copy(), 4), (refined_network(network, 8), 8), (Kan.from_state(network.state(x)), 4)):
        assert vars(other.config) == {**vars(network.config), "grid": grid}
        assert other.kan_layers[0].input_levels == (None, 3)
        assert torch.equal(other.kan_layers[0].mask, network.kan_layers[0].mask)
        torch.testing.assert_close(other(x), network(x), rtol=0, atol=1e-12)


def calls_to_evaluate(formulas: int) -> int:
    """The Python calls that evaluating a layer of 10 x 10 edges takes, so many of which are formulas."""
    state = Kan([10, 10]).state()
    edges = [(source, target) for source in range(10) for target in range(10)][:formulas]
    mask = state.layers[0].mask.copy()
    for edge in edges:
        mask[edge] = 0.0
    snapped = tuple(EdgeFormula(source, target, "sin", 1.0, 2.0, 0.1, 0.0) for source, target in edges)
    network = CpuNetwork(replace(state, layers=(replace(state.layers[0], mask=mask, formulas=snapped),)))
    x, calls = uniform(7, 10).numpy(), 0
    network.evaluate(x)

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        network.evaluate(x)
    finally:
        sys.setprofile(None)
    return calls


def test_d24_formulas_are_evaluated_by_compiled_code_and_not_one_by_one_in_python() -> None:
    """D24: symbolic edges were a Python double loop, 13 times slower than the splines beside them."""
    assert calls_to_evaluate(100) == calls_to_evaluate(1) < 50


def test_d25_a_step_keeps_no_more_than_the_local_bases_of_its_edges() -> None:
    """D25: [20, 20, 1] on 5,000 rows kept 25.2 MiB of 4-byte numbers, and more on finer grids."""
    network, x = Kan([20, 20, 1]), uniform(5_000, 20)
    kept: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = network(x)
    outputs.sum().backward()
    edges, numbers_each = 20 * 20 + 20, 4
    assert 0 < sum(kept.values()) <= 5_000 * edges * numbers_each * 8


def test_d26_trainings_share_nothing_and_leave_their_arguments_alone() -> None:
    """D26: a global training loss, a width list changed in place, a test pass with other rules than training's."""
    widths = [2, 3, 1]
    network, x = Kan(widths), uniform(60, 2)
    assert widths == [2, 3, 1]
    tasks = [a_task(SHORT, seed=seed) for seed in (0, 1)]
    table = a_table(60)
    alone = [model_bytes(table, task) for task in tasks]
    runs = [TableTraining(table, task).run() for task in tasks]
    ended: dict[int, bytes] = {}
    while len(ended) < 2:
        for number, run in enumerate(runs):
            if number in ended:
                continue
            try:
                next(run)
            except StopIteration as stop:
                ended[number] = dump(stop.value.state)
    assert [ended[0], ended[1]] == alone
    outputs = network(x).detach()
    np.testing.assert_allclose(evaluate(network.state(), x.numpy()), outputs.numpy(), rtol=0, atol=1e-12)
    assert torch.equal(network.eval()(x), network.train()(x))
