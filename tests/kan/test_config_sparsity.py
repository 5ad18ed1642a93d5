"""What makes a network sparse, as it is written in a recipe."""

from typing import Any

import pytest

from kan.config import Fit
from kan.config_json import stage_from_json, stage_to_json
from kan.config_sparsity import Prune
from kan.errors import InvalidConfig

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"stage": "prune", "edge_threshold": -1}, "edge_threshold"),
    ({"stage": "prune", "node_threshold": float("nan")}, "node_threshold"),
    ({"stage": "prune", "node_threshold": 0.1, "max_metric_loss": 0.1}, "node_threshold"),
    ({"stage": "prune", "max_metric_loss": "0.1"}, "max_metric_loss"),
    ({"stage": "prune", "max_metric_loss": float("inf")}, "max_metric_loss"),
    ({"stage": "fit", "lamb": -1e-3}, "lamb"),
    ({"stage": "fit", "lamb": 1e-3, "lamb_l1": None}, "lamb_l1"),
    ({"stage": "fit", "lamb_entropy": True}, "lamb_entropy"),
    ({"stage": "fit", "lamb_coef": float("nan")}, "lamb_coef"),
    ({"stage": "fit", "lamb_coefdiff": 1e7}, "lamb_coefdiff"),
    ({"stage": "fit", "lamb": 1e-3, "optimizer": "adam"}, "optimizer"),
    ({"stage": "fit", "lamb": 1e-3, "optimizer": "lbfgs"}, "optimizer"),
]


@pytest.mark.parametrize(("value", "field"), WRONG, ids=str)
def test_wrong_value_is_refused_by_the_name_of_its_field(value: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        stage_from_json(value)
    assert caught.value.field == field
    assert "expected" in caught.value.message


def test_prune_has_thresholds_or_a_bound() -> None:
    assert stage_to_json(Prune()) == {
        "stage": "prune",
        "node_threshold": 0.01,
        "edge_threshold": 0.03,
        "max_metric_loss": None,
    }
    bound = stage_to_json(Prune(max_metric_loss=0.02))
    assert (bound["node_threshold"], bound["edge_threshold"], bound["max_metric_loss"]) == (None, None, 0.02)
    assert stage_from_json(bound) == Prune(max_metric_loss=0.02)


def test_penalised_fit_is_by_levenberg_marquardt() -> None:
    assert Fit(lamb=1e-3).optimizer == "lm"
    assert Fit(lamb=0.0, optimizer="adam").optimizer == "adam"
