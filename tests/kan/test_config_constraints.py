"""Constraints are read from plain objects; what is none, and an edge that is named twice, is refused with its place."""

from typing import Any

import pytest

from kan.config import Fit, Refit
from kan.config_constraints import Constraint, constraints_of
from kan.config_json import stage_from_json, stage_to_json
from kan.errors import InvalidConfig

PLAIN = {"layer": 0, "source": 1, "target": 0, "kind": "convex"}


def test_stages_read_and_write_constraints() -> None:
    stage = stage_from_json({"stage": "fit", "constraints": [PLAIN]})
    assert stage == Fit(constraints=(Constraint(0, 1, 0, "convex"),), optimizer="lm")
    assert stage_to_json(stage)["constraints"] == [PLAIN]
    assert stage_from_json(stage_to_json(stage)) == stage
    assert stage_to_json(Fit())["constraints"] is None
    assert stage_from_json({"stage": "refit", "constraints": [PLAIN]}) == Refit(constraints=constraints_of([PLAIN]))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ("convex", "constraints"),
        ([PLAIN, 3], "constraints/1"),
        ([{**PLAIN, "more": 1}], "constraints/0"),
        ([{**PLAIN, "kind": "wavy"}], "constraints/0/kind"),
        ([{**PLAIN, "layer": -1}], "constraints/0/layer"),
        ([{**PLAIN, "source": 1.5}], "constraints/0/source"),
        ([PLAIN, {**PLAIN, "kind": "zero"}], "constraints/1"),
    ],
)
def test_what_is_no_constraint_is_refused(values: Any, field: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        constraints_of(values)
    assert refused.value.field == field


@pytest.mark.parametrize(("options", "field"), [({"lamb": 0.1}, "lamb"), ({"optimizer": "adam"}, "optimizer")])
def test_constraints_need_their_own_optimizer(options: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        Fit(constraints=constraints_of([PLAIN]), **options)
    assert refused.value.field == field
