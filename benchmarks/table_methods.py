"""Ways to learn a table, each as a function of the same split: our presets, the additive KAN, scikit-learn's models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from table_data import Columns, RealTable

from kan.config import Average, Choose, NetworkConfig, Stage
from kan.presets import preset_recipe
from kan.split import Part, split_rows
from kan.table_training import VALIDATION_FRACTION, TableTask, TableTraining

TEST_FRACTION = 0.2
PEERS = ("linear", "mlp", "boosting")
ADDITIVE: tuple[Stage, ...] = (Choose(hidden=(0,), members=1), Average(members=5))
Scores = dict[str, float]


@dataclass(frozen=True)
class Split:
    """The columns and the part of every row; the seed that drew them is the methods' seed too."""

    table: RealTable
    columns: Columns
    parts: NDArray[np.uint8]
    seed: int


def draw_split(table: RealTable, columns: Columns, seed: int) -> Split:
    """Shuffles the rows: the first fifth judges, of the others a fifth is for our own choices."""
    target = columns[table.target]
    shuffled = np.random.default_rng(seed).permutation(len(target))
    test = np.zeros(len(target), dtype=bool)
    test[shuffled[: round(TEST_FRACTION * len(target))]] = True
    strata = np.unique(target, return_inverse=True)[1] if table.task == "classification" else None
    parts = split_rows(~test, test_fraction=0.0, validation_fraction=VALIDATION_FRACTION, seed=seed, strata=strata)
    parts[test] = Part.TEST
    return Split(table, columns, parts, seed)


def kan_scores(split: Split, method: str) -> Scores:
    """Gives the test scores of a preset or of "additive"."""
    table = split.table
    config = NetworkConfig() if table.hidden is None else NetworkConfig((table.hidden,))
    recipe = ADDITIVE if method == "additive" else preset_recipe(method, search=table.hidden is None)
    inputs = tuple(name for name in split.columns if name != table.target)
    task = TableTask(inputs, (table.target,), table.task, recipe, config, split.seed, parts=split.parts.copy())
    run = TableTraining(split.columns, task).run()
    while True:
        try:
            next(run)
        except StopIteration as stop:
            scores = stop.value.metrics["test"]
            return {key: scores[key] for key in ("r2", "accuracy", "log_loss") if key in scores}


def peer_scores(split: Split, method: str) -> Scores:
    """Gives the test scores of a scikit-learn model at its defaults, numbers scaled as the MLP asks for."""
    target = split.columns[split.table.target]
    names = [name for name in split.columns if name != split.table.target]
    x = np.array([split.columns[name] for name in names], dtype=object).T
    train, test = split.parts != Part.TEST, split.parts == Part.TEST
    pipeline = make_pipeline(_prepared(split.columns, names), _model(split.table.task, method, split.seed))
    pipeline.fit(x[train], target[train])
    if split.table.task == "regression":
        return {"r2": float(r2_score(target[test], pipeline.predict(x[test])))}
    # A class that no training row has cannot be told by anyone; ours leaves its rows out, so they all do.
    test &= np.isin(target, pipeline.classes_)
    probabilities = pipeline.predict_proba(x[test])
    return {
        "accuracy": float(accuracy_score(target[test], pipeline.predict(x[test]))),
        "log_loss": float(log_loss(target[test], probabilities, labels=pipeline.classes_)),
    }


def _prepared(columns: Columns, names: list[str]) -> Any:
    numbers = [i for i, name in enumerate(names) if columns[name].dtype.kind == "f"]
    words = [i for i, name in enumerate(names) if columns[name].dtype.kind != "f"]
    return make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
    )


def _model(task: str, method: str, seed: int) -> Any:
    regression = task == "regression"
    if method == "linear":
        return LinearRegression() if regression else LogisticRegression(max_iter=5000)
    if method == "mlp":
        kind = MLPRegressor if regression else MLPClassifier
        return kind(hidden_layer_sizes=(100, 100), max_iter=2000, random_state=seed)
    return (HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier)(random_state=seed)
