"""What a training is handed beside its table: the version that it goes on from, and the table that judges it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from service.store.blobs import get_blob
from service.store.datasets import find_dataset
from service.store.models import find_version_by_id


def beginning_of(session: Session, resolved: Mapping[str, Any]) -> dict[str, bytes]:
    """Gives bytes by the names under which a run takes them: start, split, test_table; without those it has not.

    Raises:
        LookupError: one of them was deleted meanwhile.
        BlobDamaged: or its bytes changed.
    """
    init, judge = resolved.get("init", {}), resolved.get("test_dataset", {})
    if init and find_version_by_id(session, init["version_id"]) is None:
        raise LookupError("the version to go on from is gone")
    if judge and find_dataset(session, judge["id"]) is None:
        raise LookupError("the data set of test_dataset is gone")
    kept = {"start": init.get("sha256"), "split": init.get("split_sha256"), "test_table": judge.get("sha256")}
    return {name: get_blob(session, sha256) for name, sha256 in kept.items() if sha256}
