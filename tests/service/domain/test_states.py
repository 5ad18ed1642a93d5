"""The table of steps is complete, and says what the contract says."""

from __future__ import annotations

import pytest

from service.domain.states import HELD, LIVE, STATUSES, STEPS, TERMINAL, Verb, next_status, sources_of


@pytest.mark.parametrize(
    ("verb", "status", "target"),
    [
        ("cancel", "queued", "cancelled"),
        ("cancel", "paused", "cancelled"),
        ("cancel", "running", "cancelling"),
        ("cancel", "pausing", "cancelling"),
        ("cancel", "cancelling", "cancelling"),
        ("cancel", "cancelled", "cancelled"),
        ("cancel", "succeeded", None),
        ("cancel", "failed", None),
        ("pause", "queued", "paused"),
        ("pause", "running", "pausing"),
        ("resume", "paused", "queued"),
        ("resume", "pausing", "running"),
        ("requeue", "running", "queued"),
        ("requeue", "pausing", "paused"),
        ("requeue", "cancelling", "cancelled"),
        ("succeed", "cancelling", None),
    ],
)
def test_step_leads_where_the_contract_says(verb: Verb, status: str, target: str | None) -> None:
    assert next_status(verb, status) == target


def test_no_step_leaves_a_terminal_state() -> None:
    assert {
        (verb, source) for (verb, source), target in STEPS.items() if source in TERMINAL and target != source
    } == set()


def test_every_state_is_reached_from_queued() -> None:
    reached = {"queued"}
    for _ in STATUSES:
        reached |= {target for (_, source), target in STEPS.items() if source in reached}
    assert reached == set(STATUSES)


def test_every_live_state_can_end() -> None:
    ending = set(TERMINAL)
    for _ in STATUSES:
        ending |= {source for (_, source), target in STEPS.items() if target in ending}
    assert ending >= LIVE


def test_claim_is_legal_from_queued_only() -> None:
    assert sources_of("claim") == {"queued"}
    assert sources_of("requeue") == HELD
