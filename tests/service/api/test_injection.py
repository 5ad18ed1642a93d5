"""Names and labels that a program would run stay text: in CSV, in a page, in headers."""

from __future__ import annotations

import csv
import io
from typing import Any

from kan.encoding import ClassOutput, NumberInput, NumberOutput
from service.api.negotiation import CSV

COMMAND = "=cmd|' /C calc'!A0"


def cells(text: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text)) for cell in row]


def test_classes_and_columns_that_a_spreadsheet_would_run_are_text(api: Any, publish: Any, network_of: Any) -> None:
    inputs = (NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),)
    publish(network_of(inputs, (ClassOutput("@kind", (COMMAND, "+1", "-2")),)), "labels")
    rows = {"rows": [[x / 10] for x in range(-10, 11)]}
    answer = api.post("/v1/models/labels/versions/1/predict", json=rows, headers={"Accept": CSV})
    assert answer.status_code == 200, answer.text
    found = cells(answer.text)
    assert "'@kind" in found
    assert any(cell in ("'" + COMMAND, "'+1", "'-2") for cell in found)
    assert [cell for cell in found if cell.startswith(("=", "@", "+"))] == []


def test_numbers_keep_their_sign(api: Any, publish: Any, network_of: Any) -> None:
    inputs = (NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),)
    publish(network_of(inputs, (NumberOutput("y", -1e6, 1.0),)), "numbers")
    answer = api.post("/v1/models/numbers/versions/1/predict", json={"rows": [[0.5]]}, headers={"Accept": CSV})
    assert cells(answer.text)[-1].startswith("-9999")


def test_line_breaks_in_a_query_reach_no_header(api: Any, publish: Any, network_of: Any) -> None:
    publish(network_of((NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 0.0, 1.0),)), "numbers")
    answer = api.get("/v1/models/numbers/versions/latest/predict?x=0.5&domain=warn%0D%0ASet-Cookie:%20a=b")
    assert "set-cookie" not in answer.headers
    assert not [value for value in answer.headers.values() if "\n" in value or "\r" in value]
