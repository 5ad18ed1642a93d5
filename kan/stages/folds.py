"""One member of an average: a candidate fitted to all rows but one fold, as a piece of the journal."""

from collections.abc import Callable, Generator

from kan.journal import Journal
from kan.network import Kan
from kan.stages.members import Candidate, MemberRun, fit_member
from kan.stages.work import Tensors, Work, pack_network, unpack_network
from kan.train import TrainStep

MEMBER_STEPS = 30


def fold_member(
    work: Work, candidate: Candidate, member: int, journal: Journal, name: str, done: int, total: int
) -> Generator[TrainStep, None, Kan]:
    """Fits member number `member`: its own random start, without fold `member`.

    Args:
        done, total: where this fit stands in its stage, for the progress.
    """
    rows = work.problem.without_fold(member)

    def fit(_: Tensors | None, __: Callable[..., None]) -> Generator[TrainStep, None, Tensors]:
        fitting = fit_member(work.problem, candidate, rows, member, MEMBER_STEPS, journal, name)
        network = yield from _counted(fitting, done, total)
        return pack_network(network)

    return unpack_network(work, (yield from journal.piece(name, fit)))


def _counted(fitting: MemberRun, done: int, total: int) -> MemberRun:
    """Passes a member's steps on, counted within its stage."""
    count = 0
    while True:
        try:
            step = next(fitting)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        count += 1
        yield TrainStep(min(done + count, done + MEMBER_STEPS), total, step.train_loss)
