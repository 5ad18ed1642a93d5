"""Names of users' functions give way to their expressions, in operations and stages, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from service.domain.idempotency import Answer
from service.domain.reading.formula_errors import InvalidFunction
from service.domain.reading.functions import MAX_FUNCTIONS, FunctionDraft, submit_function, written_out
from service.store.engine import database_now
from service.store.functions import add_function
from service.store.tables import FunctionRow


def added(session: Session, name: str, expression: str) -> None:
    submit_function(session, FunctionDraft(name, expression), answer_of=lambda row: Answer(201, row.name, {}))


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([{"op": "fix_symbolic", "function": "damped"}], [{"op": "fix_symbolic", "function": "x*exp(-x)"}]),
        ([{"stage": "symbolify", "library": ["x", "damped"]}], [{"stage": "symbolify", "library": ["x", "x*exp(-x)"]}]),
        ([{"op": "prune_input", "column": "damped"}], [{"op": "prune_input", "column": "damped"}]),
        ([{"function": "sin"}, {"function": "unknown"}], [{"function": "sin"}, {"function": "unknown"}]),
        (
            [{"function": 3, "library": "damped"}, "damped", None],
            [{"function": 3, "library": "damped"}, "damped", None],
        ),
        ([{"library": [["damped"], 1, "damped"]}], [{"library": [["damped"], 1, "x*exp(-x)"]}]),
        ("damped", "damped"),
        (None, None),
    ],
)
def test_only_functions_of_operations_and_libraries_of_stages_are_written_out(
    write: sessionmaker[Session], items: Any, expected: Any
) -> None:
    with write() as session:
        added(session, "damped", "t*exp(-t)")
        assert written_out(session, items) == expected


def test_what_was_sent_stays_as_it_was(write: sessionmaker[Session]) -> None:
    sent = [{"op": "fix_symbolic", "function": "damped"}]
    with write() as session:
        added(session, "damped", "t*exp(-t)")
        written_out(session, sent)
    assert sent == [{"op": "fix_symbolic", "function": "damped"}]


def test_there_are_no_more_functions_than_there_may_be(write: sessionmaker[Session]) -> None:
    with write() as session:
        now = database_now(session)
        for number in range(MAX_FUNCTIONS):
            row = FunctionRow(name=f"f{number}", expression="x*exp(-x)", description=None, created_at=now)
            add_function(session, row)
        session.commit()
        with pytest.raises(InvalidFunction, match="500 functions"):
            added(session, "one_more", "t*exp(-t)")
