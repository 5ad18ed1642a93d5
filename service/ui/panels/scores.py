"""How good a version is: one row for each part of its data, one column for each score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.ui.words import number, share

_NAMES = {
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "MAE",
    "median_absolute_error": "median error",
    "max_error": "largest error",
    "accuracy": "accuracy",
    "log_loss": "log-loss",
}
_PARTS = {"test": "test", "validation": "validation", "train": "training"}
_SHARES = frozenset({"r2", "accuracy"})
_MAIN = ("r2", "accuracy", "rmse", "log_loss")


@dataclass(frozen=True)
class ScoreTable:
    """Scores as they are shown: names of the columns, and (part, cells) of the rows."""

    names: list[str]
    rows: list[tuple[str, list[str]]]


def score_table(metrics: Mapping[str, Any]) -> ScoreTable:
    """Gives the scores of each part that has rows, test rows first."""
    parts = {part: metrics[part] for part in _PARTS if isinstance(metrics.get(part), Mapping)}
    scores = [score for score in _NAMES if any(score in facts for facts in parts.values())]
    rows = [(_part(part, facts), [_cell(facts, score) for score in scores]) for part, facts in parts.items()]
    return ScoreTable([_NAMES[score] for score in scores], rows)


def _part(part: str, facts: Mapping[str, Any]) -> str:
    rows = facts.get("rows")
    return _PARTS[part] if rows is None else f"{_PARTS[part]}, {number(rows)} rows"


def main_score(metrics: Mapping[str, Any]) -> str | None:
    """Gives the first score of the test rows in words, None without any."""
    facts = metrics.get("test")
    if not isinstance(facts, Mapping):
        return None
    score = next((score for score in _MAIN if facts.get(score) is not None), None)
    return None if score is None else f"test {_NAMES[score]} {_cell(facts, score)}"


def score_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> ScoreTable:
    """Gives the scores that matter of every part, each before and after."""
    parts = [part for part in _PARTS if isinstance(before.get(part), Mapping) and isinstance(after.get(part), Mapping)]
    scores = [score for score in _MAIN if any(score in before[part] for part in parts)]
    rows = [
        (_PARTS[part], [_cell(facts, score) for score in scores for facts in (before[part], after[part])])
        for part in parts
    ]
    return ScoreTable([_NAMES[score] for score in scores], rows)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else number(value)


def _cell(facts: Mapping[str, Any], score: str) -> str:
    value = facts.get(score)
    return share(value) if score in _SHARES and isinstance(value, float) else _short(value)
