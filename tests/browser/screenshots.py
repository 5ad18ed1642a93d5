"""Takes the README's pictures of every page in both themes anew: `make pictures`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from service.store.engine import make_engine
from service.store.schema import migrate
from tests.acceptance.conftest import ROOT, Service
from tests.browser.conftest import BROWSERS, THEMES

FOLDER = ROOT / "docs" / "pictures"
SECONDS = 600.0
WIDTH, HEIGHT = 1040, 680
# Of this page what is further down is the half of it.
MODEL, MODEL_WIDTH, MODEL_HEIGHT = "page-model", 1280, 1440
# Where each page is, and what is there when its script is done.
PAGES = {
    "page-data": ("/", "#datasets table"),
    "page-data-set": ("/datasets/{dataset}", ".histogram"),
    "page-training": ("/train?dataset={dataset}", "#said p"),
    "page-jobs": ("/jobs", "#job-list table"),
    "page-job": ("/jobs/{job}", ".chart"),
    "page-models": ("/models", "main img"),
    MODEL: ("/models/toy", "main math"),
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/kan.sqlite3"
        engine = make_engine(url)
        migrate(engine)
        engine.dispose()
        service = Service(url, Path(folder) / "serve.log")
        service.start()
        try:
            _take_all(service)
        finally:
            service.http.close()
            service.stop()


def _take_all(service: Service) -> None:
    targets = {"penguins": "species", "concrete": "compressive_strength"}
    data = {name: service.upload(name, (ROOT / f"examples/data/{name}.csv").read_bytes()) for name in targets}
    jobs = {name: service.submit(dataset=data[name], targets=[target]) for name, target in targets.items()}
    jobs["toy"] = service.submit(dataset=_toy(service), targets=["y"], preset="interpretable")
    for job in jobs.values():
        service.wait_for(f"/v1/jobs/{job}", lambda answer: answer.json().get("terminal"), SECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=next(filter(None, map(shutil.which, BROWSERS))))
        for theme in THEMES:
            _take(browser, service.url, theme, {"dataset": data["concrete"], "job": jobs["concrete"]})
        browser.close()


def _toy(service: Service) -> str:
    ranges = {"x1": [-1, 1], "x2": [-1, 1]}
    generator = {"expression": "exp(sin(pi*x1)+x2**2)", "ranges": ranges, "rows": 1000, "target": "y"}
    return str(service.http.post("/v1/datasets", json={"name": "toy", "generator": generator}).json()["id"])


def _take(browser: Browser, home: str, theme: str, places: Mapping[str, str]) -> None:
    context = browser.new_context(base_url=home, viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    for name, (address, sign) in PAGES.items():
        page.goto(address.format(**places))
        page.locator(sign).first.wait_for()
        page.wait_for_load_state("networkidle")
        if name == MODEL:
            _open_an_edge(page)
        page.screenshot(path=FOLDER / f"{name}-{theme}.png", animations="disabled")
    context.close()


def _open_an_edge(page: Page) -> None:
    page.set_viewport_size({"width": MODEL_WIDTH, "height": MODEL_HEIGHT})
    page.locator("#picture [data-edge]").last.click()
    page.locator("#edge-content svg").wait_for()
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    main()
