"""The report holds every number under its name, with a definition, as plain JSON."""

import json

import numpy as np
import pytest

from kan.decomposition import output_shares
from kan.effects import column_effects
from kan.errors import ShapeMismatch
from kan.importance import column_importance, edge_scores
from kan.importance_report import DEFINITIONS, importance_report
from kan.prune import live_edges, prune_column
from tests.kan.networks import mixed_network, random_network, rows_for

STATE = mixed_network(2)
ROWS = rows_for(STATE)
REPORT = importance_report(STATE, ROWS)


def test_report_is_plain_json() -> None:
    assert json.loads(json.dumps(REPORT, allow_nan=False)) == REPORT


def test_every_number_is_defined() -> None:
    labels = {"column", "columns", "input", "name", "layer", "node", "source", "target", "output"}
    numbers = {
        f"{part}.{key}"
        for part in ("columns", "inputs", "nodes", "edges", "terms", "interactions")
        for record in REPORT[part]
        for key in record
        if key not in labels
    }
    assert numbers == set(DEFINITIONS)


def test_numbers_are_those_of_the_functions() -> None:
    assert REPORT["outputs"] == ["y", "z"]
    assert {item["column"]: item["importance"] for item in REPORT["columns"]} == column_importance(STATE)
    effects = column_effects(STATE, ROWS)
    assert {item["column"]: item["effect"] for item in REPORT["columns"]} == {k: v.tolist() for k, v in effects.items()}
    scores = edge_scores(STATE)
    found = [(item["layer"], item["source"], item["target"]) for item in REPORT["edges"]]
    assert found == live_edges(STATE)
    assert [item["score"] for item in REPORT["edges"]] == [scores[k][i, j] for k, i, j in found]
    shares = output_shares(STATE, ROWS)
    assert all(item["share"] == shares[item["source"], item["target"]] for item in REPORT["terms"])
    for output in ("y", "z"):
        total = sum(item["share"] for item in REPORT["terms"] if item["output"] == output)
        np.testing.assert_allclose(total, 1.0, rtol=0, atol=1e-9)


def test_column_that_is_not_needed_is_not_reported() -> None:
    report = importance_report(prune_column(STATE, "c"), ROWS)
    assert [item["column"] for item in report["columns"]] == ["a", "b", "d"]


def test_network_without_an_encoding_has_names_too() -> None:
    state = random_network(2, 2, 1)
    report = importance_report(state, rows_for(state))
    assert [item["name"] for item in report["inputs"]] == ["x1", "x2"]
    assert [item["columns"] for item in report["interactions"]] == [["x1", "x2"]]


def test_one_row_is_refused() -> None:
    with pytest.raises(ShapeMismatch, match="two rows"):
        importance_report(STATE, ROWS[:1])
