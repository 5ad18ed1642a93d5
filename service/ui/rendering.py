"""How a page is made: a template with its facts, sent with a policy that lets nothing run but our own files."""

from __future__ import annotations

import hashlib
import re
import shlex
from base64 import b64encode
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy.orm import Session

from service.ui.words import duration, number, share, when

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_pages = Environment(
    loader=PackageLoader("service.ui"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters.update(duration=duration, number=number, quoted=shlex.quote, share=share, when=when)


def _session(request: Request) -> Iterator[Session]:
    with request.app.state.reading_sessions() as session:
        yield session


SessionDep = Annotated[Session, Depends(_session, scope="function")]


def is_locked(request: Request) -> bool:
    """Does the server ask for keys? A page then holds no data: a browser that opens an address cannot show a key."""
    return bool(request.app.state.settings.needs_key)


def html_page(template: str, *, picture: str = "", **facts: object) -> Response:
    """Gives a page as an answer.

    Args:
        template: its file in templates/.
        picture: trusted SVG that the template shows; its own rules are let in by their hash.
        facts: what the template names; text among them is escaped.
    """
    text = html_text(template, picture=picture, **facts)
    headers = {"Content-Security-Policy": page_policy(picture), "Cache-Control": "no-cache"}
    return Response(text, media_type="text/html", headers=headers)


def html_text(template: str, *, picture: str = "", **facts: object) -> str:
    """Gives the text of a page."""
    return _pages.get_template(template).render(picture=picture, **facts)


def page_policy(picture: str = "") -> str:
    """Gives the Content-Security-Policy of a page: own scripts, own styles, own API, and nothing else."""
    hashes = "".join(f" 'sha256-{_digest(rules)}'" for rules in _STYLE.findall(picture))
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'{hashes}; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _digest(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()
