"""Functions that users add to the library: a name for an expression of x, which takes its place wherever it is used.

A version never holds the name: it stays what it is when the function is deleted, or defined anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kan.errors import ExpressionError
from kan.symbolic import grammar
from kan.symbolic.functions import FUNCTIONS
from kan.symbolic.written import written
from service.domain.errors import Fault
from service.domain.idempotency import Answer, RequestKey, first_answer, keep_answer
from service.domain.names import name_fault
from service.domain.reading.formula_errors import FunctionExists, FunctionNotFound, InvalidFunction
from service.store import functions as statements
from service.store.engine import database_now
from service.store.tables import FunctionRow

MAX_FUNCTIONS = 500
MAX_DESCRIPTION = 500
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_RESERVED = frozenset((*FUNCTIONS, *grammar.FUNCTIONS, *grammar.CONSTANTS, "x"))


@dataclass(frozen=True)
class FunctionDraft:
    """What is asked for: a name, an expression of one variable, and words for people."""

    name: str
    expression: str
    description: str | None = None


def submit_function(
    session: Session,
    draft: FunctionDraft,
    *,
    answer_of: Callable[[FunctionRow], Answer],
    request: RequestKey | None = None,
) -> Answer:
    """Stores a function and its idempotency key in one transaction, and commits.

    Raises:
        InvalidFunction: a name or an expression that cannot be one; the faults point at it.
        FunctionExists: the name is taken.
        IdempotencyKeyReused, IdempotencyKeyInFlight: nothing is stored.
    """
    expression = _checked(draft)
    replay = first_answer(session, request)
    if replay is not None:
        return replay
    if statements.count_functions(session) >= MAX_FUNCTIONS:
        raise _invalid("/name", "too_many", f"there are {MAX_FUNCTIONS} functions, the most there may be; delete some")
    row = FunctionRow(
        name=draft.name, expression=expression, description=draft.description, created_at=database_now(session)
    )
    try:
        statements.add_function(session, row)
    except IntegrityError:
        session.rollback()
        raise FunctionExists(draft.name) from None
    answer = keep_answer(session, request, answer_of(row))
    session.commit()
    return answer


def list_functions(session: Session) -> Sequence[FunctionRow]:
    """Gives all that users added, by their names."""
    return statements.list_functions(session)


def get_function(session: Session, name: str) -> FunctionRow:
    """Gives one function that a user added.

    Raises:
        FunctionNotFound: there is none of this name.
    """
    row = statements.find_function(session, name) if _NAME.fullmatch(name) else None
    if row is None:
        raise FunctionNotFound(name)
    return row


def delete_function(session: Session, name: str) -> None:
    """Deletes a function and commits; versions that use it stay as they are.

    Raises:
        FunctionNotFound: there is none of this name.
    """
    if not _NAME.fullmatch(name) or not statements.delete_function(session, name):
        raise FunctionNotFound(name)
    session.commit()


def expressions_of(session: Session, names: Iterable[str]) -> dict[str, str]:
    """Gives name -> expression of those names that are functions of users."""
    wanted = {name for name in names if _NAME.fullmatch(name) and name not in _RESERVED}
    return {row.name: row.expression for row in statements.list_functions(session, wanted)} if wanted else {}


def written_out(session: Session, items: Any) -> Any:
    """Gives operations of an edit, or stages of a recipe, with expressions in place of names of users' functions.

    Args:
        session: to read with.
        items: a list of objects, as it was sent; what is none of that is given back as it is.
    """
    if not isinstance(items, list):
        return items
    known = expressions_of(session, [name for item in items for name in _names(item)])
    return [_replaced(item, known) for item in items] if known else items


def _names(item: Any) -> list[str]:
    """Gives the functions of an operation (`function`) or of a stage (`library`)."""
    if not isinstance(item, Mapping):
        return []
    library = item.get("library")
    named = [item.get("function"), *(library if isinstance(library, list) else ())]
    return [name for name in named if isinstance(name, str)]


def _replaced(item: Any, known: Mapping[str, str]) -> Any:
    if not _names(item):
        return item
    found = dict(item)
    if isinstance(found.get("function"), str):
        found["function"] = known.get(found["function"], found["function"])
    if isinstance(found.get("library"), list):
        found["library"] = [known.get(name, name) if isinstance(name, str) else name for name in found["library"]]
    return found


def _checked(draft: FunctionDraft) -> str:
    if not _NAME.fullmatch(draft.name):
        raise _invalid("/name", "not_a_name", "expected 1 to 40 of a-z, 0-9 and _, a letter first")
    if draft.name in _RESERVED:
        raise _invalid("/name", "reserved", "expected a name that no function or constant of the library has")
    message = None if draft.description is None else name_fault(draft.description, MAX_DESCRIPTION)
    if message:
        raise _invalid("/description", "not_a_text", message)
    try:
        return written(draft.expression)
    except ExpressionError as error:
        raise _invalid("/expression", "not_usable", str(error)) from None


def _invalid(pointer: str, code: str, message: str) -> InvalidFunction:
    return InvalidFunction(f"{pointer}: {message}", [Fault(pointer, code, message)])
