"""The copy in docs/openapi.json is the document of this version, so that a change of the contract shows in review."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

from service.cli.openapi import document_text

COPY = Path("docs/openapi.json")


def test_the_copy_is_the_document_of_this_version() -> None:
    """`make openapi` writes it anew; look at the difference before it is committed."""
    lines = unified_diff(COPY.read_text().splitlines(), document_text().splitlines(), "the copy", "this version", n=0)
    assert list(lines)[:40] == [], "run `make openapi`"
