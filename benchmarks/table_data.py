"""The real tables, and what is asked of our presets on each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "examples" / "data"
# ggplot2's table of diamonds, which plotnine ships; `make peers` brings it.
DIAMONDS = ".venv-peers/lib/python*/site-packages/plotnine/data/diamonds.csv"
DIAMONDS_ROWS = 10_000
KNOTS_3 = ("longitudinal_translation", "meridional_translation_real", "meridional_translation_imag")
KNOTS_7 = (*KNOTS_3, "volume", "cusp_volume", "cusp_area", "chern_simons")

Columns = dict[str, np.ndarray[Any, Any]]
Asked = dict[str, float]


@dataclass(frozen=True)
class RealTable:
    """A table, its target and what is asked for.

    Attributes:
        load: gives the columns.
        must, goal: r2 or accuracy at least, log_loss and seconds at most, in the mean over the splits.
        hidden: the width of the one network to train; None = the preset finds the network.
        ahead_of: a peer whose mean must be reached too.
        largest_gap: so far no split may fall below the linear model.
    """

    load: Callable[[], Columns]
    target: str
    task: str
    must: Asked = field(default_factory=dict)
    goal: Asked = field(default_factory=dict)
    hidden: int | None = None
    ahead_of: str | None = None
    largest_gap: float = 0.05


def _csv(path: Path) -> Columns:
    frame = pl.read_csv(path, null_values=["NA", ""])
    return {
        column.name: column.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
        if column.dtype.is_numeric()
        else np.array(column.to_list(), dtype=object)
        for column in frame.get_columns()
    }


def _concrete() -> Columns:
    return _csv(DATA / "concrete.csv")


def _diabetes() -> Columns:
    data = load_diabetes()
    return {**dict(zip(data.feature_names, data.data.T, strict=True)), "y": data.target.astype(float)}


def _diamonds(*, log: bool) -> Columns:
    path = next(ROOT.glob(DIAMONDS), None)
    if path is None:
        raise FileNotFoundError("diamonds.csv comes with plotnine: run `make peers`")
    table = _csv(path)
    rows = np.random.default_rng(0).permutation(len(table["price"]))[:DIAMONDS_ROWS]
    table = {name: values[rows] for name, values in table.items()}
    return {**table, "price": np.log(table["price"])} if log else table


def _knots(names: tuple[str, ...]) -> Columns:
    table = _csv(DATA / "knots.csv")
    signature = np.array([str(int(value)) for value in table["signature"]], dtype=object)
    return {**{name: table[name] for name in names}, "signature": signature}


def _penguins() -> Columns:
    table = _csv(DATA / "penguins.csv")
    whole = np.all([[value is not None and value == value for value in values] for values in table.values()], axis=0)
    return {name: values[whole] for name, values in table.items()}


def _breast_cancer() -> Columns:
    data = load_breast_cancer()
    columns = dict(zip((str(name) for name in data.feature_names), data.data.T, strict=True))
    return {**columns, "diagnosis": np.array([str(value) for value in data.target], dtype=object)}


def _digits() -> Columns:
    data = load_digits()
    columns = dict(zip(data.feature_names, data.data.T, strict=True))
    return {**columns, "digit": np.array([str(value) for value in data.target], dtype=object)}


def _asked(score: str, value: float, seconds: float, log_loss: float | None = None) -> Asked:
    return {score: value, **({} if log_loss is None else {"log_loss": log_loss}), "seconds": seconds}


TABLES = {
    "concrete": RealTable(
        _concrete,
        "compressive_strength",
        "regression",
        _asked("r2", 0.915, 15),
        _asked("r2", 0.93, 5),
        ahead_of="mlp",
    ),
    "concrete_one": RealTable(
        _concrete, "compressive_strength", "regression", _asked("r2", 0.885, 2), _asked("r2", 0.905, 0.5), hidden=5
    ),
    "diabetes": RealTable(
        _diabetes,
        "y",
        "regression",
        {"seconds": 3},
        _asked("r2", 0.527, 0.3),
        ahead_of="linear",
        largest_gap=0.01,
    ),
    "diamonds_price": RealTable(
        lambda: _diamonds(log=False), "price", "regression", _asked("r2", 0.976, 30), _asked("r2", 0.981, 10)
    ),
    "diamonds_log_price": RealTable(
        lambda: _diamonds(log=True), "price", "regression", _asked("r2", 0.990, 30), _asked("r2", 0.992, 10)
    ),
    "knots_3": RealTable(
        lambda: _knots(KNOTS_3),
        "signature",
        "classification",
        _asked("accuracy", 0.855, 20, 0.350),
        _asked("accuracy", 0.866, 5, 0.335),
    ),
    "knots_7": RealTable(
        lambda: _knots(KNOTS_7),
        "signature",
        "classification",
        _asked("accuracy", 0.860, 45, 0.345),
        _asked("accuracy", 0.875, 10, 0.322),
    ),
    "penguins": RealTable(
        _penguins,
        "species",
        "classification",
        _asked("accuracy", 0.985, 1, 0.03),
        _asked("accuracy", 0.997, 0.3, 0.0125),
    ),
    "breast_cancer": RealTable(
        _breast_cancer,
        "diagnosis",
        "classification",
        _asked("accuracy", 0.970, 3, 0.085),
        _asked("accuracy", 0.981, 1, 0.066),
    ),
    "digits": RealTable(_digits, "digit", "classification"),
}
