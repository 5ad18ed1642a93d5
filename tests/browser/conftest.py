"""A real server and a real browser: Debian's chromium, driven by Playwright, that complains of whatever goes wrong."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from service.domain.access.keys import create_key
from service.store.engine import make_engine, session_factory
from tests.acceptance.conftest import Service

WIDTHS = (390, 1024, 1920)
THEMES = ("light", "dark")
WAIT_MILLISECONDS = 20_000
expect.set_options(timeout=WAIT_MILLISECONDS)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One `kan serve` for all tests of the page, without keys."""
    yield from _running(sqlite_template, tmp_path_factory.mktemp("browser"), {})


@pytest.fixture(scope="session")
def locked_server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One that asks for keys; its client shows one."""
    yield from _running(sqlite_template, tmp_path_factory.mktemp("locked"), {"KAN_AUTH": "on", "KAN_WORKERS": "0"})


# Of a module, not of the session: while Playwright runs, no other test of this process may start an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("*** NO BROWSER, THE PAGE IS NOT TESTED: install chromium ***")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser had to say; a test that expects some looks at them and clears them."""
    return []


@pytest.fixture
def page(browser: Browser, server: Service, complaints: list[str]) -> Iterator[Page]:
    """A fresh page at the server; at the end nothing may have gone wrong."""
    yield from _opened(browser, server, complaints)


@pytest.fixture
def locked_page(browser: Browser, locked_server: Service, complaints: list[str]) -> Iterator[Page]:
    """A fresh page at the server that asks for keys."""
    yield from _opened(browser, locked_server, complaints)


def _running(template: Path, folder: Path, environment: dict[str, str]) -> Iterator[Service]:
    url = f"sqlite:///{shutil.copy(template, folder / 'kan.sqlite3')}"
    service = Service(url, folder / "serve.log")
    service.environment.update(environment)
    if environment.get("KAN_AUTH") == "on":
        service.http.headers["Authorization"] = f"Bearer {_new_key(url)}"
    service.start()
    yield service
    service.http.close()
    assert service.stop() == 0


def _new_key(url: str) -> str:
    engine = make_engine(url)
    with session_factory(engine)() as session:
        _, token = create_key(session, "browser")
    engine.dispose()
    return token


def _opened(browser: Browser, server: Service, complaints: list[str]) -> Iterator[Page]:
    size: ViewportSize = {"width": WIDTHS[1], "height": 800}
    context = browser.new_context(base_url=server.url, viewport=size)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    page = context.new_page()
    page.set_default_timeout(WAIT_MILLISECONDS)
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: _note_foreign(asked.url, server.url, complaints))
    yield page
    context.close()
    assert complaints == []


def _note_foreign(url: str, home: str, complaints: list[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(home).netloc:
        complaints.append(f"asked another host: {url}")
