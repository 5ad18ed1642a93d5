"""The files of the pages: those of the package and no others, typed, and not sent twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from service.ui.static_files import static_files


def test_every_file_is_served_as_it_is(api: Any) -> None:
    folder = Path("service/ui/static")
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there - set(static_files()) == {"samples/README.md"}
    for path in static_files():
        answer = api.get(f"/static/{path}")
        assert answer.content == (folder / path).read_bytes(), path
        assert answer.headers["x-content-type-options"] == "nosniff", path


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("style.css", "text/css; charset=utf-8"),
        ("js/api.js", "text/javascript; charset=utf-8"),
        ("samples/penguins.csv", "text/csv; charset=utf-8"),
    ],
)
def test_media_types(api: Any, path: str, media_type: str) -> None:
    assert api.get(f"/static/{path}").headers["content-type"] == media_type


def test_a_known_file_is_not_sent_again(api: Any) -> None:
    etag = api.get("/static/style.css").headers["etag"]
    again = api.get("/static/style.css", headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert api.get("/static/style.css", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", ["", "js", "nope.js", "../pages.py", "..%2fpages.py", "js//api.js", "%2e%2e/words.py"])
def test_what_is_no_file_is_404(api: Any, path: str) -> None:
    assert api.get(f"/static/{path}").status_code == 404
