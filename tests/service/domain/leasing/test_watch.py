"""Leases of living workers are kept whatever the clock does; those of dead ones are lost in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from service.domain.leasing.watch import LeaseWatch
from service.store.jobs import Lease

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEASE_SECONDS, HEARTBEAT_SECONDS = 30, 5


class World:
    """Two workers' jobs, seen once a second: one worker lives and renews, the other dies at `dies_at`.

    `wrong` is by how much the database's clock is off, by the second.
    """

    def __init__(self, wrong: dict[int, timedelta], dies_at: int) -> None:
        self._wrong = wrong
        self._dies_at = dies_at
        self._off = timedelta(0)
        self._leases = {"job_alive": Lease("job_alive", 1, None), "job_dead": Lease("job_dead", 1, None)}

    def run(self, seconds: int, watch: LeaseWatch) -> dict[str, int]:
        """Gives at which second each job was first taken for lost."""
        found: dict[str, int] = {}
        for second in range(seconds):
            self._off = self._wrong.get(second, self._off)
            now = START + timedelta(seconds=second) + self._off
            if second % HEARTBEAT_SECONDS == 0:
                self._renew("job_alive", now)
                if second < self._dies_at:
                    self._renew("job_dead", now)
            for lease in watch.lost(list(self._leases.values()), now, 1000.0 + second):
                found.setdefault(lease.job_id, second)
        return found

    def _renew(self, job_id: str, now: datetime) -> None:
        until = now + timedelta(seconds=LEASE_SECONDS)
        self._leases[job_id] = replace(self._leases[job_id], until=until)


@pytest.fixture
def watch() -> LeaseWatch:
    return LeaseWatch(LEASE_SECONDS, HEARTBEAT_SECONDS, look_seconds=1)


def test_dead_workers_lease_is_lost_when_it_ends(watch: LeaseWatch) -> None:
    # The last renewal was at second 95.
    assert World({}, dies_at=100).run(200, watch) == {"job_dead": 126}


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_living_worker_keeps_its_job_when_the_clock_jumps(watch: LeaseWatch, jump: timedelta) -> None:
    # Between two heartbeats, forth and back.
    assert World({52: jump, 73: timedelta(0)}, dies_at=10_000).run(300, watch) == {}


def test_clock_that_is_wrong_every_other_second_takes_no_job_from_a_living_worker(watch: LeaseWatch) -> None:
    wrong = {second: HOUR * (second % 2) for second in range(300)}
    assert World(wrong, dies_at=10_000).run(300, watch) == {}


def test_dead_workers_job_is_lost_within_its_lease_though_the_clock_was_set_back(watch: LeaseWatch) -> None:
    found = World({110: -HOUR}, dies_at=100).run(5000, watch)
    assert found == {"job_dead": 125}


def test_dead_workers_job_is_lost_at_once_where_the_clock_was_set_forward(watch: LeaseWatch) -> None:
    assert World({110: HOUR}, dies_at=100).run(300, watch) == {"job_dead": 110}


def test_one_who_has_just_come_waits_two_heartbeats_for_a_lease_that_has_ended(watch: LeaseWatch) -> None:
    ended = Lease("job_1", 3, START)
    seen = [watch.lost([ended], START + HOUR, second) for second in (0.0, 9.9, 10.0)]
    assert seen == [[], [], [ended]]


def test_lease_that_was_renewed_meanwhile_is_watched_anew(watch: LeaseWatch) -> None:
    first, renewed = Lease("job_1", 3, START), Lease("job_1", 3, START + timedelta(seconds=5))
    assert watch.lost([first], START + HOUR, 0.0) == []
    assert watch.lost([renewed], START + HOUR, 9.0) == []
    assert watch.lost([renewed], START + HOUR, 18.0) == []
    assert watch.lost([renewed], START + HOUR, 19.0) == [renewed]


def test_outage_longer_than_a_lease_costs_no_living_worker_its_job(watch: LeaseWatch) -> None:
    lease = Lease("job_1", 3, START + timedelta(seconds=LEASE_SECONDS))
    assert watch.lost([lease], START, 0.0) == []
    # Nobody could look, and nobody could renew.
    back = START + timedelta(seconds=40)
    assert watch.lost([lease], back, 40.0) == []
    assert watch.lost([lease], back + timedelta(seconds=9), 49.0) == []
    assert watch.lost([lease], back + timedelta(seconds=10), 50.0) == [lease]


def test_rare_looks_find_a_lost_lease_all_the_same() -> None:
    watch, lease = LeaseWatch(LEASE_SECONDS, HEARTBEAT_SECONDS, look_seconds=600), Lease("job_1", 3, START)
    assert watch.lost([lease], START + HOUR, 0.0) == []
    assert watch.lost([lease], START + HOUR, 600.0) == [lease]
