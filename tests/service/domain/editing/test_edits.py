"""What an edit must not do: outgrow the limit, be stored where its parent is gone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from kan.state import NetworkState
from service.domain.editing.edits import submit_edit, try_edit
from service.domain.errors import InvalidEdit, VersionNotFound
from service.domain.idempotency import Answer
from service.domain.model_cache import ModelCache
from service.domain.models import delete_version
from service.store.models import list_versions

CACHE = ModelCache(10**8)
LIMITS = {"max_parameters": 2_000, "max_rows": 100}
WIDER = {"op": "expand_width", "layer": 0, "count": 5}


@pytest.mark.parametrize("operations", [[{"op": "refine", "grid": 999}], [WIDER] * 50, [{**WIDER, "count": 1000}]])
def test_a_network_never_outgrows_the_limit(
    publish: Any, write: sessionmaker[Session], regression: NetworkState, operations: list[Any]
) -> None:
    version = publish(regression)
    with write() as session, pytest.raises(InvalidEdit, match=r"at most 2,000 parameters"):
        try_edit(session, CACHE, version, operations, **LIMITS)


def test_a_version_deleted_meanwhile_gets_no_child(
    publish: Any, write: sessionmaker[Session], regression: NetworkState
) -> None:
    version = publish(regression)
    publish(regression)
    with write() as session:

        def made() -> Any:
            with write() as other:
                edit = try_edit(other, CACHE, version, [WIDER], **LIMITS)
                delete_version(other, version.model_name, "1")
                return edit

        with pytest.raises(VersionNotFound):
            submit_edit(session, made, status="draft", answer_of=lambda row: Answer(201, row.id, {}))
        session.rollback()
        assert [row.version for row in list_versions(session, version.model_name, 9, None)] == [2]
