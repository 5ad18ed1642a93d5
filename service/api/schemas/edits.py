"""The shapes of edits: what is asked for, and what a dry run answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.api.schemas.body import StorableText
from service.api.schemas.library_objects import Operation, Stage
from service.api.schemas.models import EDIT_EXAMPLE, EditFacts
from service.domain.editing.edits import Edited

_EXAMPLE: dict[str, Any] = {
    "operations": [
        {"op": "prune_edge", "layer": 0, "source": 1, "target": 2},
        {"op": "fix_symbolic", "layer": 0, "source": 0, "target": 0, "function": "sin", "a": 1, "b": 2, "c": 0, "d": 0},
    ],
    "dry_run": True,
}

_FIT_EXAMPLE: dict[str, Any] = {
    "operations": [{"op": "prune_edge", "layer": 0, "source": 1, "target": 2}],
    "fit": {"stage": "fit", "steps": 50},
}


class EditCreate(StorableText):
    """What is done to a version, one operation after the other."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE, _FIT_EXAMPLE]})

    operations: list[Operation] = Field(
        min_length=1,
        max_length=1_000,
        description="Objects with `op`: prune_edge, restore_edge, prune_node, prune_input, prune, fix_symbolic, unfix, "
        "constrain, refine, expand_width, expand_depth, swap or arrange, and the fields of each.",
    )
    fit: Stage | None = Field(
        None,
        description="A stage that follows on the rows that the version learnt from, such as `fit` (also where it "
        "names none), `refit` or `symbolify`; the edit is then a job (202).",
    )
    dry_run: bool = Field(False, description="Only say what would come out.")
    publish: bool = Field(False, description="Make the child a published version, not a draft.")


class EditTrial(BaseModel):
    """What an edit would come to; nothing is stored."""

    model: str
    edit: EditFacts = Field(examples=[EDIT_EXAMPLE])
    metrics: dict[str, Any] = Field(description="Per part, after the edit.")
    parameters: int
    signature: dict[str, Any]


def edit_trial(found: Edited) -> EditTrial:
    """Gives an edit as a dry run shows it."""
    return EditTrial(
        model=found.of.model_name,
        edit=EditFacts(**found.facts),
        metrics=found.metrics,
        parameters=found.signature["parameters"],
        signature=dict(found.signature),
    )
