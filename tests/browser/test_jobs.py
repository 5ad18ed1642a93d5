"""Jobs as a person follows them: live, across a restart, stopped and begun again, found among others."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.acceptance.conftest import JOB_SECONDS, Service

LONG = {"network": {"hidden": [5], "grid": 5}, "recipe": [{"stage": "fit", "optimizer": "adam", "steps": 20_000}]}


@pytest.fixture(scope="module")
def table(server: Service) -> str:
    rows = "".join(f"{row / 50},{row % 17},{(row % 17) * row / 50}\n" for row in range(200))
    return server.upload("line", ("a,b,c\n" + rows).encode())


def events_of(server: Service, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | int | None = 0
    while after is not None:
        page = server.http.get(f"/v1/jobs/{job}/events", params={"limit": 200, "after": after}).json()
        found, after = found + page["data"], page["next_cursor"]
    return found


def click_slowly(page: Page, wanted: Locator, live: Locator) -> None:
    """Presses the mouse and lets it go only after the page was drawn anew, when the keyboard is still there too."""
    wanted.hover()
    page.mouse.down()
    expect(live).not_to_have_text(live.text_content() or "")
    expect(wanted).to_be_focused()
    page.mouse.up()


def test_a_job_is_followed_across_a_restart_without_gap_or_double(
    page: Page, server: Service, table: str, complaints: list[str]
) -> None:
    job = server.submit(dataset=table, targets=["c"], model="restarted", **LONG)
    page.route("**/events", lambda route: route.fulfill(status=502, body="<html>"), times=1)
    page.goto(f"/jobs/{job}")
    expect(page.locator("#log")).to_contain_text("running, on cpu", timeout=JOB_SECONDS * 1000)
    assert server.stop() == 0
    expect(page.get_by_text("The server is away")).to_be_visible()
    server.start()
    expect(page.get_by_text("The server is away")).to_have_count(0)
    expect(page.locator("#job .status")).to_contain_text("running", timeout=JOB_SECONDS * 1000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#job .status")).to_have_text("cancelled")
    expect(page.locator("#log")).to_contain_text("end")
    events = events_of(server, job)
    lines = page.locator("#log").inner_text().splitlines()
    assert [line.split()[1] for line in lines] == [event["type"] for event in events if event["type"] != "metric"]
    drawn = page.locator(".chart .line.train").get_attribute("d") or ""
    assert drawn.count("L") + 1 == sum(event["type"] == "metric" for event in events)
    assert all("net::ERR_" in each or "status of 502" in each for each in complaints), complaints
    complaints.clear()


def test_a_job_is_paused_resumed_cancelled_and_tried_again(page: Page, server: Service, table: str) -> None:
    job = server.submit(dataset=table, targets=["c"], model="stopped", seed=7, **LONG)
    page.goto(f"/jobs/{job}")
    expect(page.locator("#job")).to_contain_text("seed 7")
    status = page.locator("#job .status")
    page.get_by_role("button", name="Pause").click()
    expect(status).to_have_text(re.compile("^paused"))
    page.get_by_role("button", name="Resume").click()
    expect(status).to_contain_text("running", timeout=JOB_SECONDS * 1000)
    click_slowly(page, page.get_by_role("button", name="Cancel"), page.locator("#job .facts"))
    expect(status).to_have_text("cancelled")
    page.get_by_role("button", name="Retry").dblclick()
    expect(page).not_to_have_url(f"{server.url}/jobs/{job}")
    again = page.url.rpartition("/")[2]
    retries = [one["id"] for one in server.http.get("/v1/jobs?model=stopped").json()["data"] if one["retry_of"] == job]
    assert retries == [again]
    server.http.post(f"/v1/jobs/{again}/cancel")
    expect(status).to_have_text("cancelled")
    expect(page).to_have_title(re.compile("^Job cancelled"))


def test_a_failure_is_a_sentence_before_all_else(page: Page, server: Service) -> None:
    rows = "".join(f"{row},{'train' if row < 30 else 'test'},{row}\n" for row in range(40))
    dataset = server.upload("no validation rows", ("a,part,y\n" + rows).encode())
    job = server.submit(dataset=dataset, targets=["y"], inputs=["a"], split_column="part", model="failed")
    message = server.ended(job)["error"]["message"]
    page.goto(f"/jobs/{job}")
    first = page.locator("#job > *").first
    expect(first).to_have_attribute("role", "alert")
    expect(first).to_have_text(f"The data cannot be learnt from. {message}")


def test_jobs_are_filtered_searched_and_live(page: Page, server: Service, table: str) -> None:
    job = server.submit(dataset=table, targets=["c"], model="found-by-name", **LONG)
    page.goto("/jobs")
    row = page.get_by_role("row").filter(has_text="found-by-name")
    expect(row.locator(".status")).to_have_text("running", timeout=JOB_SECONDS * 1000)
    click_slowly(page, row.get_by_role("link"), row)
    expect(page).to_have_url(f"{server.url}/jobs/{job}")
    page.go_back()
    server.http.post(f"/v1/jobs/{job}/cancel")
    expect(row.locator(".status")).to_have_text("cancelled")
    page.get_by_label("State").select_option("succeeded")
    expect(row).to_have_count(0)
    page.get_by_label("State").select_option("")
    page.get_by_label("Search").fill("by-NAME")
    expect(page.locator("#job-list tbody tr")).to_have_count(1)
    page.get_by_label("Search").fill("no such thing")
    expect(page.get_by_text("No such job.")).to_be_visible()


def test_the_keyboard_stays_at_the_pages_of_jobs(page: Page, server: Service, table: str) -> None:
    job = server.submit(dataset=table, targets=["c"], model="many", **LONG)
    server.http.post(f"/v1/jobs/{job}/cancel")

    def two_pages(route: Route) -> None:
        found = route.fetch().json()
        is_last = "after=" in route.request.url
        route.fulfill(json={"data": found["data"][:1] * 50, "next_cursor": None if is_last else job})

    page.route("**/v1/jobs?*", two_pages)
    page.goto("/jobs")
    page.get_by_role("button", name="Older").press("Enter")
    newer = page.get_by_role("button", name="Newer")
    expect(newer).to_be_focused()
    expect(page.locator("#jobs .call")).to_contain_text(f"after={job}")
    newer.press("Enter")
    expect(page.get_by_role("button", name="Older")).to_be_focused()
    expect(newer).to_be_hidden()
