"""Real tables: our presets beside a linear model, an MLP and gradient boosting, on the same splits in one run.

    OMP_NUM_THREADS=1 python benchmarks/real_tables.py [--splits 5] [--preset balanced] [--tables concrete,penguins]

Every method gets the same training rows (80 %) and is judged on the same test rows; ours splits its own validation
rows off the training rows. The peers are scikit-learn's at their defaults (the MLP with scaled inputs, as its
documentation asks for). Seconds are CPU seconds; `make bench` caps every library at one thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from kan.presets import preset_recipe
from kan.split import Part, split_rows
from kan.table_training import VALIDATION_FRACTION, TableTask, TableTraining

DATA = Path(__file__).resolve().parents[1] / "examples" / "data"
Table = dict[str, np.ndarray[Any, Any]]


def concrete() -> tuple[Table, str, str]:
    return _csv("concrete.csv"), "compressive_strength", "regression"


def diabetes() -> tuple[Table, str, str]:
    data = load_diabetes()
    return (
        {**dict(zip(data.feature_names, data.data.T, strict=True)), "y": data.target.astype(float)},
        "y",
        "regression",
    )


def penguins() -> tuple[Table, str, str]:
    return _csv("penguins.csv"), "species", "classification"


def breast_cancer() -> tuple[Table, str, str]:
    data = load_breast_cancer()
    names = np.array([str(value) for value in data.target], dtype=object)
    columns = dict(zip((str(name) for name in data.feature_names), data.data.T, strict=True))
    return {**columns, "diagnosis": names}, "diagnosis", "classification"


TABLES = {function.__name__: function for function in (concrete, diabetes, penguins, breast_cancer)}


def _csv(name: str) -> Table:
    frame = pl.read_csv(DATA / name, null_values=["NA", ""])
    return {
        column.name: column.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
        if column.dtype.is_numeric()
        else np.array(column.to_list(), dtype=object)
        for column in frame.get_columns()
    }


def ours(table: Table, target: str, task: str, parts: np.ndarray[Any, Any], seed: int, preset: str) -> dict[str, float]:
    """Gives the test scores of our training on the given split."""
    inputs = tuple(name for name in table if name != target)
    recipe = preset_recipe(preset, search=True)
    training = TableTraining(table, TableTask(inputs, (target,), task, recipe, seed=seed, parts=parts))
    run = training.run()
    while True:
        try:
            next(run)
        except StopIteration as stop:
            scores = stop.value.metrics["test"]
            return {key: scores[key] for key in ("r2", "accuracy", "log_loss") if key in scores}


def peer(model: Any, table: Table, target: str, task: str, parts: np.ndarray[Any, Any]) -> dict[str, float]:
    """Gives the test scores of a scikit-learn model on the given split."""
    names = [name for name in table if name != target]
    numbers = [i for i, name in enumerate(names) if table[name].dtype.kind == "f"]
    words = [i for i, name in enumerate(names) if table[name].dtype.kind != "f"]
    x = np.array([table[name] for name in names], dtype=object).T
    prepared = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
    )
    pipeline = make_pipeline(prepared, model)
    train, test = parts != Part.TEST, parts == Part.TEST
    pipeline.fit(x[train], table[target][train])
    if task == "regression":
        return {"r2": float(r2_score(table[target][test], pipeline.predict(x[test])))}
    probabilities = pipeline.predict_proba(x[test])
    return {
        "accuracy": float(accuracy_score(table[target][test], pipeline.predict(x[test]))),
        "log_loss": float(log_loss(table[target][test], probabilities, labels=pipeline.classes_)),
    }


def peers(task: str, seed: int) -> dict[str, Any]:
    """Gives the peers, new and untrained."""
    if task == "regression":
        mlp = MLPRegressor(hidden_layer_sizes=(100, 100), max_iter=2000, random_state=seed)
        return {"linear": LinearRegression(), "mlp": mlp, "boosting": HistGradientBoostingRegressor(random_state=seed)}
    mlp = MLPClassifier(hidden_layer_sizes=(100, 100), max_iter=2000, random_state=seed)
    boosting = HistGradientBoostingClassifier(random_state=seed)
    return {"linear": LogisticRegression(max_iter=5000), "mlp": mlp, "boosting": boosting}


def timed(work: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Gives the scores with the CPU seconds they took."""
    started = time.process_time()
    return {**work(), "seconds": time.process_time() - started}


def measure(name: str, splits: int, presets: list[str]) -> None:
    """Prints one table's mean scores, and the worst split, method by method."""
    table, target, task = TABLES[name]()
    found: dict[str, list[dict[str, float]]] = {}
    strata = np.unique(table[target], return_inverse=True)[1] if task == "classification" else None
    for seed in range(splits):
        usable = np.ones(len(table[target]), dtype=bool)
        parts = split_rows(usable, test_fraction=0.2, validation_fraction=VALIDATION_FRACTION, seed=seed, strata=strata)
        for preset in presets:
            scores = timed(partial(ours, table, target, task, parts, seed, preset))
            found.setdefault(f"kan {preset}", []).append(scores)
        for label, model in peers(task, seed).items():
            scores = timed(partial(peer, model, table, target, task, parts))
            found.setdefault(label, []).append(scores)
    for label, rows in found.items():
        means = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
        key = next(iter(rows[0]))
        worst = min(row[key] for row in rows)
        shown = " | ".join(
            f"{key} {value:.4f}" if key != "seconds" else f"{value:.2f} s" for key, value in means.items()
        )
        print(f"| {name} | {label} | {shown} | worst split {worst:.4f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--presets", default="quick,balanced")
    parser.add_argument("--tables", default=",".join(TABLES))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for name in asked.tables.split(","):
        measure(name, asked.splits, asked.presets.split(","))


if __name__ == "__main__":
    main()
