"""The JSON that the calls of the page send, as it is shown before anything was changed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from service.store.tables import VersionRow
from service.ui.panels.inputs import Field


def call_bodies(row: VersionRow, fields: Sequence[Field]) -> dict[str, str]:
    """Gives the JSON of the calls that send some: what the page shows first."""
    targets = [item["name"] for item in row.signature.get("outputs", ())]
    inputs = [field.name for field in fields]
    compare = {
        "kind": "compare",
        "dataset": row.dataset_id,
        "targets": targets,
        "inputs": inputs,
        "task": row.signature.get("task", "auto"),
        "preset": "quick",
    }
    return {
        "predict": json.dumps({"rows": [[field.start for field in fields]]}),
        "compare": json.dumps(compare, ensure_ascii=False),
        "edit": _edit_body(row),
    }


def _edit_body(row: VersionRow) -> str:
    """Gives what was sent to make an edited version; nothing where it came of something else."""
    if row.edit is None or row.edit.get("checkpoint"):
        return ""
    fit = {"fit": row.edit["fit"]} if row.edit.get("fit") else {}
    return json.dumps({"operations": row.edit["operations"], **fit}, ensure_ascii=False)
