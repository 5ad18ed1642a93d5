"""What the table of states promises of jobs, in plain Python: no database, no leases, only who may do what."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.domain.states import HELD, STEPS, TERMINAL, Verb

MAX_ATTEMPTS = 2


@dataclass
class ExpectedJob:
    """A job as it must be.

    Attributes:
        history: the log: (type, state that it tells or "").
        is_overdue: has its lease ended, unseen as yet?
    """

    job_id: str
    priority: int
    status: str = "queued"
    attempt: int = 0
    token: int = 0
    worker_id: str | None = None
    checkpoint: bytes | None = None
    versions: int = 0
    is_overdue: bool = False
    history: list[tuple[str, str]] = field(default_factory=lambda: [("status", "queued")])

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    def is_held_by(self, token: int) -> bool:
        return self.token == token and self.status in HELD

    def target(self, verb: Verb) -> str | None:
        return STEPS.get((verb, self.status))

    def ask(self, verb: Verb) -> None:
        """A person's verb that is legal."""
        target = STEPS[verb, self.status]
        if target != self.status:
            self.come_to(target)

    def claim(self, worker_id: str) -> None:
        self.come_to(STEPS["claim", self.status])
        self.attempt, self.token, self.worker_id, self.is_overdue = self.attempt + 1, self.token + 1, worker_id, False

    def keep(self, checkpoint: bytes) -> None:
        if checkpoint != self.checkpoint:
            self.checkpoint, self.attempt = checkpoint, 0
            self.history.append(("checkpoint", ""))

    def succeed(self, versions: int) -> None:
        target = self.target("succeed")
        self.versions += versions if target else 0
        self.come_to(target or "cancelled")

    def give_back(self) -> None:
        """Stop and hand-over: the attempt does not count, unless it was the last."""
        self.come_to(STEPS["requeue", self.status])
        self.attempt = self.attempt if self.is_terminal else 0

    def lose(self) -> None:
        self.history.append(("warning", ""))
        is_last = self.status == "running" and self.attempt >= MAX_ATTEMPTS
        self.come_to("failed" if is_last else STEPS["requeue", self.status])

    def come_to(self, status: str) -> None:
        self.status = status
        self.history.append(("status", status))
        if status not in HELD:
            self.worker_id, self.is_overdue = None, False
        if status == "paused":
            self.attempt = 0
        if status in TERMINAL:
            self.history.append(("end", status))
