"""What two callers do to one version at the same time."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker

from kan.state import NetworkState
from service.domain import models
from service.domain.errors import ModelNotFound, VersionGone


# SQLite has one writer at a time: there nobody deletes between the look and the change.
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize(("kept", "error"), [(1, VersionGone), (0, ModelNotFound)])
def test_to_publish_what_is_deleted_meanwhile_is_refused(
    publish: Any, write: sessionmaker[Session], regression: NetworkState, kept: int, error: type[Exception]
) -> None:
    for _ in range(kept):
        publish(regression)
    draft = publish(regression, status="draft")
    with write() as session, write() as other:

        @event.listens_for(session, "do_orm_execute")
        def delete_first(asked: ORMExecuteState) -> None:
            if asked.is_update:
                models.delete_version(other, "concrete", str(draft.version))

        with pytest.raises(error):
            models.publish(session, "concrete", str(draft.version))
