"""One member of an average: a candidate fitted to all rows but one fold, as a piece of the journal."""

from collections.abc import Callable, Generator

from torch import Tensor

from kan.journal import Journal
from kan.network import Kan
from kan.stages.members import Candidate, fit_member
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
        network = yield from _steps(work, candidate, rows, member, done, total)
        return pack_network(network)

    return unpack_network(work, (yield from journal.piece(name, fit)))


def _steps(
    work: Work, candidate: Candidate, rows: Tensor, member: int, done: int, total: int
) -> Generator[TrainStep, None, Kan]:
    for count, item in enumerate(fit_member(work.problem, candidate, rows, member, MEMBER_STEPS)):
        if isinstance(item, Kan):
            return item
        yield TrainStep(min(done + count + 1, done + MEMBER_STEPS), total, item.loss)
    raise AssertionError("a fit ends with its network")
