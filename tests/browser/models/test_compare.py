"""Compared: the newest comparison of the same data is shown, and a new one is a job that is followed to its end."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.models.conftest import settled


def spread(*values: float) -> dict[str, Any]:
    return {"mean": sum(values) / len(values), "spread": abs(values[0] - values[-1]), "values": list(values)}


def side(name: str, rmse: float) -> dict[str, Any]:
    numbers = {"parameters": spread(26.0, 26.0), "train_cpu_seconds": spread(1.2, 1.4)}
    return {"name": name, "metrics": {"r2": spread(0.98, 0.99), "rmse": spread(rmse, rmse + 0.1)}, **numbers}


SPEC = {"kind": "compare", "targets": ["y"], "inputs": ["t", "u"], "task": "regression"}
RESULT = {
    "compared_by": "rmse",
    "seeds": [0, 1],
    "sides": [side("kan", 1.0), side("formula", 1.1), side("mlp_parameters", 3.0), side("linear", 9.0)],
    "choice": "formula",
    "advice": "Take the formula: it is not worse.",
}


def test_a_comparison_is_started_followed_and_shown(page: Page, waves: str, complaints: list[str]) -> None:
    asked: list[Any] = []
    away: list[str] = []

    def answer(route: Route) -> None:
        """A comparison takes half a minute of training; here its answers are made up, in the shape of the contract."""
        request = route.request
        if request.method == "POST":
            asked.append(request.post_data_json)
            route.fulfill(status=202, json=job(status="running", progress={"fraction": 0.5}))
        elif "/jobs/" in request.url and not away:
            # The server is begun anew meanwhile.
            away.append(route.request.url)
            route.fulfill(status=502, body="")
        elif "/jobs/" in request.url:
            assert request.headers["prefer"] == "wait=20"
            route.fulfill(json=job(status="succeeded", terminal=True, result=RESULT))
        else:
            others: list[dict[str, Any]] = [{"task": "classification"}, {"inputs": ["t"]}, {"targets": ["z"]}]
            ended = [job(terminal=True, status="succeeded", result=RESULT, spec={**SPEC, **other}) for other in others]
            route.fulfill(json={"data": ended, "next_cursor": None})

    page.route("**/v1/jobs**", answer)
    page.route("**/v1/jobs/**", answer)
    settled(page, f"/models/{waves}?version=1")
    page.get_by_role("button", name="Compare with MLP and linear model").click()
    rows = page.locator("#comparison tbody tr")
    expect(rows).to_have_count(4)
    assert [row.split("\t")[0].strip() for row in rows.all_inner_texts()] == [
        "KAN",
        "formula",
        "MLP, as many parameters",
        "linear model",
    ]
    expect(page.locator("#comparison strong")).to_have_text("formula")
    expect(page.locator("#comparison")).to_contain_text("Take the formula: it is not worse.")
    assert [{name: body[name] for name in SPEC} for body in asked] == [SPEC]
    assert all("status of 502" in each for each in complaints)
    complaints.clear()


def job(**facts: Any) -> dict[str, Any]:
    blank = {"id": "job_x", "kind": "compare", "terminal": False, "result": None, "progress": None, "spec": SPEC}
    return json.loads(json.dumps({**blank, **facts}))  # type: ignore[no-any-return]
