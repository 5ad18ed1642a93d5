"""Models in the server of the browser's tests, and what their tests share."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.acceptance.conftest import Service
from tests.browser.models.store import publish_random, publish_waves


@pytest.fixture(scope="session")
def waves(server: Service) -> str:
    """A model of two splines with data; gives its name."""
    publish_waves(server, "waves")
    return "waves"


@pytest.fixture(scope="session")
def wide(server: Service) -> str:
    """A model of 200 edges; gives its name."""
    publish_random(server, "wide", 19, 10)
    return "wide"


def settled(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")


def predicted(server: Service, model: str, version: Any, row: list[float]) -> float:
    answer = server.http.post(f"/v1/models/{model}/versions/{version}/predict", json={"rows": [row]})
    return float(answer.json()["predictions"][0][0])
