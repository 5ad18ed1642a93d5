"""docs/settings.md says exactly what service/settings.py does: no setting missing, none made up, no default stale."""

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from service.settings import Settings

PAGE = Path("docs/settings.md")
SIGNS = {Ge: "≥ {0.ge}", Gt: "> {0.gt}", Le: "≤ {0.le}", Lt: "< {0.lt}"}


def settings_row(name: str, field: FieldInfo) -> str:
    """Gives the line of the page for one setting: variable, default, allowed values, meaning."""
    return f"| `KAN_{name.upper()}` | {_default(field.default)} | {_allowed(field)} | {field.description} |"


def _default(value: Any) -> str:
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    return f"`{text}`" if text else "(none)"


def _allowed(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(field.annotation))
    if field.annotation is bool:
        return "`true`, `false`"
    bounds = [SIGNS[type(rule)].format(rule) for rule in field.metadata if type(rule) in SIGNS]
    return " and ".join(bounds) or "text"


def test_every_setting_has_its_line_and_no_other_line_stands() -> None:
    expected = [settings_row(name, field) for name, field in Settings.model_fields.items()]
    written = [line for line in PAGE.read_text().splitlines() if line.startswith("| `KAN_")]
    assert written == expected, "the table of docs/settings.md should be:\n" + "\n".join(expected)


def test_every_setting_says_what_it_is() -> None:
    silent = [name for name, field in Settings.model_fields.items() if not field.description]
    assert silent == []


def test_every_number_has_its_unit_in_its_sentence() -> None:
    unitless = {"port", "metrics_port"}
    for name, field in Settings.model_fields.items():
        if field.annotation in (int, float) and name not in unitless:
            assert field.description is not None
            assert field.description.rstrip().endswith(")."), f"{name}: the unit in brackets ends the sentence"


@pytest.mark.parametrize("page", ["security", "operations"])
def test_every_setting_that_a_page_for_operators_names_exists(page: str) -> None:
    named = set(re.findall(r"KAN_[A-Z_]+", Path(f"docs/{page}.md").read_text()))
    assert named
    assert named - {f"KAN_{name.upper()}" for name in Settings.model_fields} == set()
