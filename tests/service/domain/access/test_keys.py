"""Only the token of a usable key opens the door, and says what for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from service.domain.access.access_errors import InvalidKey, KeyNotFound
from service.domain.access.keys import authenticate, create_key, has_key, list_keys, read_token, revoke_key
from service.domain.errors import InvalidApiKey
from service.domain.ids import new_id
from service.store.engine import database_now
from service.store.tables import KeyRow


def opened(session: Session, token: str, later: timedelta = timedelta(0)) -> KeyRow:
    return authenticate(session, read_token(token), database_now(session) + later)


def test_token_of_a_key_is_accepted_until_it_is_revoked(session: Session) -> None:
    assert not has_key(session)
    row, token = create_key(session, "laptop")
    assert opened(session, token).id == row.id
    assert has_key(session)
    assert revoke_key(session, row.id)
    assert not revoke_key(session, row.id)
    assert not has_key(session)
    with pytest.raises(InvalidApiKey):
        opened(session, token)


def test_token_of_a_key_is_accepted_until_it_expires(session: Session) -> None:
    now = database_now(session)
    row, token = create_key(session, "laptop", expires_at=now + timedelta(hours=1))
    assert opened(session, token).id == row.id
    with pytest.raises(InvalidApiKey):
        opened(session, token, timedelta(hours=1))
    row.expires_at = now
    session.commit()
    assert not has_key(session)


def test_wrong_tokens_are_refused(session: Session) -> None:
    _, token = create_key(session, "laptop")
    for wrong in ("", "kan_", token[:-1], token + "a", token.removeprefix("kan_"), "kan_\0_x", "kan_é_é"):
        with pytest.raises(InvalidApiKey):
            opened(session, wrong)


def test_secret_is_stored_as_a_hash_only(session: Session) -> None:
    row, token = create_key(session, "laptop")
    secret = token.rpartition("_")[2]
    stored = [getattr(row, column.name) for column in KeyRow.__table__.columns]
    assert not any(secret in str(value) for value in stored)


def test_scopes_are_kept_in_order_and_once(session: Session) -> None:
    row, _ = create_key(session, "laptop", ["predict", "read", "predict"])
    assert row.scopes == ["read", "predict"]


def test_key_without_name_scope_or_future_is_refused(session: Session) -> None:
    now = database_now(session)
    for pointer, arguments in (
        ("/name", ("  ", ["read"], None)),
        ("/name", ("a\nb", ["read"], None)),
        ("/scopes", ("a", [], None)),
        ("/scopes", ("a", ["root"], None)),
        ("/expires_at", ("a", ["read"], now)),
    ):
        with pytest.raises(InvalidKey) as caught:
            create_key(session, *arguments)
        assert [fault.pointer for fault in caught.value.faults] == [pointer]
    assert list_keys(session, 10) == []


def test_revoking_no_key_is_refused(session: Session) -> None:
    for key_id in ("", "key_x", new_id("key")):
        with pytest.raises(KeyNotFound):
            revoke_key(session, key_id)
