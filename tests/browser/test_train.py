"""The training form: what is sent for what was chosen."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Service


def test_a_split_column_is_no_input_even_where_another_one_is_left_out(page: Page, server: Service) -> None:
    rows = "".join(f"{row},{row % 7},{('train', 'validation', 'test')[row % 3]},{row % 5}\n" for row in range(60))
    dataset = server.upload("parts", ("a,b,part,y\n" + rows).encode())
    page.goto(f"/train?dataset={dataset}&target=y&ignore=b")
    expect(page.get_by_label("Target")).to_have_value("y")
    page.locator("summary").filter(has_text="Advanced").click()
    with page.expect_response("**/v1/jobs?dry_run=true") as answer:
        page.get_by_label("Column that says train, validation or test").select_option("part")
    sent = answer.value.request.post_data_json or {}
    assert (answer.value.status, sent["inputs"], sent["split_column"]) == (200, ["a"], "part")
