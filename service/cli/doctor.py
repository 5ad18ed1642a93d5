"""`kan doctor`: looks at the installation, the machine and the database; says what is wrong and what to do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import orjson
import typer

from service.cli.doctor_checks import Check, checks
from service.settings import settings_from_environment


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")] = False,
) -> None:
    """Say whether all is well here; exit 1 where something is wrong. Takes some seconds and changes nothing."""
    found = checks(settings_from_environment())
    is_well = all(check.state != "wrong" for check in found)
    if as_json:
        typer.echo(orjson.dumps({"well": is_well, "checks": [asdict(check) for check in found]}).decode())
    else:
        for check in found:
            typer.echo(line_of(check))
    if not is_well:
        raise typer.Exit(1)


def line_of(check: Check) -> str:
    """Gives a check as one line, and a second one with what to do."""
    line = f"{check.state:<5}  {check.name}: {check.found}"
    return f"{line}\n       -> {check.advice}" if check.advice else line
