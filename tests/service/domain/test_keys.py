"""Only the token of a usable key opens the door."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from service.domain.errors import InvalidApiKey
from service.domain.keys import authenticate, create_key, has_key, revoke_key


def test_token_of_a_key_is_accepted_until_it_is_revoked(session: Session) -> None:
    assert not has_key(session)
    row, token = create_key(session, "laptop")
    assert authenticate(session, token).id == row.id
    assert has_key(session)
    assert revoke_key(session, row.id)
    assert not has_key(session)
    with pytest.raises(InvalidApiKey):
        authenticate(session, token)


def test_wrong_tokens_are_refused(session: Session) -> None:
    _, token = create_key(session, "laptop")
    for wrong in ("", "kan_", token[:-1], token + "a", token.removeprefix("kan_"), "kan_\0_x", "kan_é_é"):
        with pytest.raises(InvalidApiKey):
            authenticate(session, wrong)
