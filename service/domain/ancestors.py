"""Where a version comes from: the training at the root of its edits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from service.store.datasets import find_dataset
from service.store.models import find_version_by_id
from service.store.tables import DatasetRow, VersionRow


def root_training(session: Session, version: VersionRow) -> Mapping[str, Any]:
    """Gives the facts of the training that a version, or an ancestor of it, comes from; empty where that is gone.

    Of a version that was imported or made of an expression, the facts of that.
    """
    root: VersionRow | None = version
    while root is not None and "resolved" not in root.training and root.parent_id:
        root = find_version_by_id(session, root.parent_id)
    return {} if root is None else root.training


def judge_of(session: Session, version: VersionRow) -> DatasetRow | None:
    """Gives the other data set whose rows judged the training; None where some of its own did, or it is gone."""
    judge = (root_training(session, version).get("resolved") or {}).get("test_dataset")
    return None if judge is None else find_dataset(session, judge["id"])
