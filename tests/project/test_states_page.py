"""docs/03-job-states.md draws and lists exactly the steps of service/domain/states.py."""

import re
from pathlib import Path

from service.domain.states import RETRIABLE, STATUSES, STEPS, TERMINAL

PAGE = Path("docs/03-job-states.md").read_text()
PEOPLE = ("cancel", "pause", "resume")
WORKERS = ("claim", "succeed", "fail", "stop", "requeue")


def row(status: str, verbs: tuple[str, ...], other: str) -> str:
    """Gives one line of a table: where each verb leads from this state."""
    steps: dict[tuple[str, str], str] = {(verb, source): target for (verb, source), target in STEPS.items()}
    return f"| {status} | " + " | ".join(steps.get((verb, status), other) for verb in verbs)


def test_page_lists_where_each_verb_of_people_leads() -> None:
    for status in STATUSES:
        retry = "a new job" if status in RETRIABLE else "409"
        assert f"{row(status, PEOPLE, '409')} | {retry} |\n" in PAGE


def test_page_lists_where_each_step_of_a_worker_leads() -> None:
    for status in STATUSES:
        line = f"{row(status, WORKERS, '')} |\n".replace("|  ", "| ")
        assert (line in PAGE) == (status not in TERMINAL | {"paused"}), line


def test_diagram_draws_every_change_and_no_other() -> None:
    drawn = re.findall(r"^ +(\w+) --> (\w+): (.+)$", PAGE, re.MULTILINE)
    found = {(source, target, verb) for source, target, verbs in drawn for verb in verbs.split(", ")}
    assert found == {(source, target, verb) for (verb, source), target in STEPS.items() if source != target}
