"""The interactive API page at /docs, whole without a network: Swagger UI's files come from an installed package."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from importlib.resources import files

from fastapi import APIRouter, HTTPException, Response

from service.api.problems import EDGE_PROBLEMS, PROBLEMS, ProblemKind, explanation

router = APIRouter(include_in_schema=False)

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
_FILES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon.png": "image/png",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kan-service API</title>
<link rel="icon" href="/docs/favicon.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<nav aria-label="Pages" style="padding: 12px 20px; font: 16px/1.5 system-ui, sans-serif">
<a href="/">Data</a> · <a href="/train">New training</a> · <a href="/jobs">Jobs</a> · <a href="/models">Models</a>
</nav>
<main id="swagger-ui"><p>This page needs JavaScript; <a href="/openapi.json">/openapi.json</a> does not.</p></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_ERRORS = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Errors of kan-service</title>
<link rel="stylesheet" href="/static/style.css">
</head>
<body><main><h1>Errors</h1>{sections}</main></body>
</html>
"""
# A file of its own, because the page's policy lets no inline script run. The validator badge would ask a foreign host.
_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
});
"""


@router.get("/docs")
def api_page() -> Response:
    """Serves the page."""
    return Response(_PAGE, media_type="text/html", headers={"Content-Security-Policy": _CSP})


@router.get("/docs/start.js")
def start_script() -> Response:
    """Serves the script that starts Swagger UI."""
    return Response(_START, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.get("/docs/{name}")
def swagger_file(name: str) -> Response:
    """Serves one of Swagger UI's files by a closed list of names."""
    if name not in _FILES:
        raise HTTPException(404)
    return Response(swagger_bytes(name), media_type=_FILES[name], headers={"Cache-Control": "max-age=86400"})


@router.get("/errors")
def errors_page() -> Response:
    """Serves what the `type` of every problem points to."""
    rows = [(kind, explanation(error)) for error, kind in PROBLEMS.items()]
    rows += [(kind, kind.title) for kind in EDGE_PROBLEMS.values()]
    sections = "".join(_section(kind, words) for kind, words in rows)
    page = _ERRORS.format(sections=sections)
    policy = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'"
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": policy})


def _section(kind: ProblemKind, words: str) -> str:
    title = f"{kind.status} {escape(kind.title)}"
    return f'<h2 id="{kind.slug}">{title}</h2><p><code>{kind.type}</code></p><p>{escape(words)}</p>'


@lru_cache
def swagger_bytes(name: str) -> bytes:
    """Gives the bytes of a file that the package `fastapi-offline` installs; nothing of its code is used."""
    return files("fastapi_offline").joinpath("static", name).read_bytes()
