"""Every SQL statement about functions that users add."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.store.tables import FunctionRow


def add_function(session: Session, row: FunctionRow) -> None:
    """Adds a function; the database refuses a name that is taken."""
    session.add(row)
    session.flush()


def find_function(session: Session, name: str) -> FunctionRow | None:
    """Gives one function."""
    return session.get(FunctionRow, name)


def list_functions(session: Session, names: Collection[str] | None = None) -> Sequence[FunctionRow]:
    """Gives all functions by their names, or only those that are named."""
    statement = select(FunctionRow).order_by(FunctionRow.name)
    return session.scalars(statement if names is None else statement.where(FunctionRow.name.in_(names))).all()


def count_functions(session: Session) -> int:
    """Gives how many there are."""
    return session.scalar(select(func.count()).select_from(FunctionRow)) or 0


def delete_function(session: Session, name: str) -> bool:
    """Deletes a function; False where there was none."""
    deleted: Any = session.execute(delete(FunctionRow).where(FunctionRow.name == name))
    return bool(deleted.rowcount)
