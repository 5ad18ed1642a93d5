"""The way of a newcomer: a table, its columns, a training, a job that is watched until it is a model."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.acceptance.conftest import JOB_SECONDS, ROOT, Service

SAMPLES = ROOT / "service" / "ui" / "static" / "samples"
HOSTILE = ['"><img src=x onerror=alert(1)>', "</script><script>alert(2)</script>", "{{ 7*7 }} ${8*8} ' \\"]


PRESSED_THEN_BACK = """() => {
    const start = document.querySelector("#training form button.primary");
    start.disabled = true;
    window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
    return start.disabled;
}"""


def test_from_a_file_to_a_model(page: Page, server: Service) -> None:
    page.goto("/")
    page.get_by_label("Drop a table here").set_input_files(SAMPLES / "concrete.csv")
    expect(page.get_by_role("heading", name="concrete")).to_be_visible()
    expect(page.locator(".histogram")).to_have_count(9)
    page.get_by_label("Role of age").select_option("target")
    expect(page.get_by_text("Predicts age; inputs: 8")).to_be_visible()
    page.get_by_label("Role of compressive_strength").select_option("target")
    expect(page.get_by_text("Predicts age, compressive_strength; inputs: 7")).to_be_visible()
    page.get_by_label("Role of age").select_option("ignore")
    page.get_by_role("link", name="Train with these roles").click()
    page.get_by_label("Quick").check()
    expect(page.get_by_text("Model concrete")).to_be_visible()
    expect(page.locator('[data-preset="thorough"]')).to_have_text(re.compile(r"^about \d"))
    shown = json.loads(page.locator("#request").inner_text())
    with page.expect_request(lambda asked: asked.method == "POST" and asked.url.endswith("/v1/jobs")) as sent:
        page.get_by_role("button", name="Start the training").click()
    assert json.loads(sent.value.post_data or "") == shown
    expect(page.locator("#job .status")).to_have_text("succeeded", timeout=JOB_SECONDS * 1000)
    expect(page.locator(".chart .line.train")).to_have_attribute("d", re.compile("^M"))
    job = server.http.get(page.url.replace("/jobs/", "/v1/jobs/")).json()
    assert job["spec"] == shown
    assert "age" not in job["resolved"]["inputs"]
    expect(page.get_by_text(f"R² {job['result']['metrics']['test']['r2']:.5g}")).to_be_visible()
    page.get_by_role("link", name=f"concrete version {job['result']['version']}").click()
    expect(page.get_by_role("heading", name="concrete").first).to_be_visible()


def tab_to(page: Page, wanted: Locator) -> None:
    """Presses the tab key until the wanted element has the keyboard."""
    wanted.wait_for()
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"the tab key never comes to {wanted}")


def test_a_training_is_begun_by_keyboard_alone(page: Page, server: Service) -> None:
    page.goto("/")
    tab_to(page, page.get_by_role("button", name="penguins"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Role of year"))
    page.keyboard.press("End")
    expect(page.get_by_label("Role of year")).to_have_value("ignore")
    tab_to(page, page.get_by_role("link", name="Train with these roles"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Balanced"))
    page.keyboard.press("ArrowUp")
    expect(page.locator("#request")).to_contain_text('"quick"')
    tab_to(page, page.get_by_role("button", name="Start the training"))
    page.keyboard.press("Enter")
    expect(page.locator("#job .status")).to_be_visible()
    job = server.http.get(page.url.replace("/jobs/", "/v1/jobs/")).json()
    assert job["spec"]["preset"] == "quick"
    assert "year" not in job["spec"]["inputs"]


@pytest.mark.parametrize("name", ["concrete", "penguins", "knots"])
def test_a_sample_is_one_click_away(page: Page, server: Service, name: str) -> None:
    page.goto("/")
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    dataset = server.http.get(page.url.partition("?")[0].replace("/datasets/", "/v1/datasets/")).json()
    assert dataset["bytes"] == (SAMPLES / f"{name}.csv").stat().st_size
    target = {"concrete": "compressive_strength", "penguins": "species", "knots": "signature"}[name]
    expect(page.get_by_label(f"Role of {target}")).to_have_value("target")


def test_a_table_may_be_dropped(page: Page) -> None:
    page.goto("/")
    dropped = page.evaluate_handle("""() => {
        const data = new DataTransfer();
        data.items.add(new File(["a,b\\n1,2\\n2,3\\n"], "dropped.csv", { type: "text/csv" }));
        return data;
    }""")
    page.dispatch_event("#drop", "drop", {"dataTransfer": dropped})
    expect(page.get_by_role("heading", name="dropped")).to_be_visible()


def test_data_sets_are_listed_page_by_page(page: Page, server: Service) -> None:
    for number in range(51):
        server.upload(f"table {number:02}", b"a,b\n1,2\n2,3\n")
    page.goto("/")
    expect(page.get_by_role("link", name="table 50", exact=True)).to_be_visible()
    page.get_by_role("button", name="Older").click()
    expect(page.get_by_role("link", name="table 00", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="table 01", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Newest").click()
    expect(page.get_by_role("link", name="table 50", exact=True)).to_be_visible()


def test_a_column_that_is_ignored_says_why(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="knots").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("cell", name="name", exact=True))
    expect(row).to_contain_text("nearly every row has a text of its own")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b\n1,2\n3\n", "line 3: expected 2 cells"),
        (b'a,b\n1,2\n3,"4\n', "line 3: a quoted cell is never closed"),
        (b"a,b\n" + b"1,2\n" * 30 + b"x,3\n", "line 32, column 'a'"),
        (b"a,b\n\xff,2\n", "line 2: expected UTF-8"),
    ],
)
def test_a_broken_table_is_told_by_line_and_column(
    page: Page, complaints: list[str], content: bytes, words: str
) -> None:
    page.goto("/")
    table = {"name": "broken.csv", "mimeType": "text/csv", "buffer": content}
    page.get_by_label("Drop a table here").set_input_files(table)  # type: ignore[arg-type]
    expect(page.locator("#upload-said")).to_contain_text(words)
    expect(page.get_by_label("Drop a table here")).to_have_value("")  # the same file can be chosen again
    assert [re.sub(r"\(.*", "", each).strip() for each in complaints] in (
        ["Failed to load resource: the server responded with a status of 422"],
        ["Failed to load resource: the server responded with a status of 400"],
    )
    complaints.clear()


def test_hostile_names_are_text_on_every_page(page: Page, server: Service, tmp_path: Path) -> None:
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    header = ",".join('"' + name.replace('"', '""') + '"' for name in HOSTILE)
    rows = "".join(f"{row},{row * row % 7},{row % 3}\n" for row in range(40))
    made = server.http.post(
        "/v1/datasets", params={"name": HOSTILE[0]}, content=header + "\n" + rows, headers={"Content-Type": "text/csv"}
    ).json()
    page.goto(f"/datasets/{made['id']}")
    for name in HOSTILE:
        expect(page.get_by_role("cell", name=name, exact=True)).to_be_visible()
    page.get_by_role("link", name="Train with these roles").click()
    expect(page.get_by_label("Target")).to_have_value(HOSTILE[2])
    page.get_by_label("Name of the model").fill("hostile")
    page.get_by_label("Quick").check()
    expect(page.get_by_text("Model hostile")).to_be_visible()
    page.get_by_role("button", name="Start the training").click()
    expect(page.locator("#job .status")).to_have_text("succeeded", timeout=JOB_SECONDS * 1000)
    page.goto("/jobs")
    expect(page.get_by_role("row").filter(has_text=HOSTILE[2])).to_be_visible()
    assert page.locator("main img").count() == 0


def test_a_training_whose_answer_was_lost_is_sent_again_with_its_key(
    page: Page, server: Service, complaints: list[str]
) -> None:
    dataset = server.upload("once", (SAMPLES / "penguins.csv").read_bytes())
    keys: list[str | None] = []

    def lose_the_first_answer(route: Route) -> None:
        if "dry_run" in route.request.url or route.request.method != "POST":
            route.continue_()
            return
        keys.append(route.request.header_value("Idempotency-Key"))
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(re.compile("/v1/jobs"), lose_the_first_answer)
    page.goto(f"/train?dataset={dataset}&target=species")
    page.get_by_label("Quick").check()
    assert not page.evaluate(PRESSED_THEN_BACK), "back from the started job, the button can be pressed"
    page.get_by_role("button", name="Start the training").click()
    expect(page.get_by_text("the server cannot be reached")).to_be_visible()
    page.get_by_role("button", name="Start the training").click()
    page.wait_for_url(re.compile("/jobs/job_"))
    assert keys[0] == keys[1] is not None
    assert all("ERR_FAILED" in each for each in complaints)
    complaints.clear()
    assert len(server.http.get("/v1/jobs", params={"dataset": dataset}).json()["data"]) == 1


def test_all_targets_are_shown_and_sent(page: Page, server: Service) -> None:
    dataset = server.upload("three", b"a,b,c\n" + b"1,2,3\n2,3,5\n4,1,0\n" * 10)
    page.goto(f"/train?dataset={dataset}&target=a&target=b")
    further = page.get_by_role("group", name="Further targets")
    expect(further.get_by_label("b")).to_be_checked()
    with page.expect_request(lambda asked: "dry_run" in asked.url and '"c"' in (asked.post_data or "")) as tried:
        page.get_by_label("Target: the column").select_option("c")
    assert json.loads(tried.value.post_data or "")["targets"] == ["c", "b"]
    assert json.loads(page.locator("#request").inner_text())["targets"] == ["c", "b"]
    further.get_by_label("b").uncheck()
    assert json.loads(page.locator("#request").inner_text())["targets"] == ["c"]


def test_a_refusal_stands_beside_its_field(page: Page, server: Service, complaints: list[str]) -> None:
    dataset = server.upload("concrete", (SAMPLES / "concrete.csv").read_bytes())
    page.goto(f"/train?dataset={dataset}")
    page.get_by_text("Advanced").click()
    page.get_by_label("Part kept for the test").fill("2")
    wrong = page.locator('[data-pointer="/test_fraction"] .wrong')
    expect(wrong).to_have_text("expected a number between 0 and 0.9")
    expect(page.get_by_role("button", name="Start the training")).to_be_disabled()
    page.get_by_label("Part kept for the test").fill("0.3")
    expect(wrong).to_have_text("")
    expect(page.get_by_role("button", name="Start the training")).to_be_enabled()
    page.get_by_label("Recipe").fill("[{")
    expect(page.locator('[data-pointer="/recipe"] .wrong')).to_contain_text("JSON")
    page.get_by_label("Recipe").fill('[{"stage": "fit", "steps": -1}]')
    expect(page.locator('[data-pointer="/recipe"] .wrong')).to_contain_text("steps")
    assert all("status of 422" in each for each in complaints)
    complaints.clear()
