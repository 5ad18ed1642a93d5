"""A recipe, stage after stage, as one generator that can be closed, saved and gone on with."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from kan.config import Average, Choose, Extend, Fit, MoveGrid, Refine, Refit, Stage, Starts
from kan.journal import Journal
from kan.problem import FOLDS
from kan.stages.average import average
from kan.stages.choose import choose
from kan.stages.fit import Fitted, fit, refit, with_network
from kan.stages.grids import extend, move_grid, refine
from kan.stages.starts import starts, validation_loss
from kan.stages.work import StageRun, Tensors, Work, pack, unpack, unpack_network
from kan.train import TrainStep

STAGE_RUNS: dict[type[Any], Callable[..., StageRun]] = {
    Fit: fit,
    Refit: refit,
    Starts: starts,
    Refine: refine,
    MoveGrid: move_grid,
    Extend: extend,
    Choose: choose,
    Average: average,
}


@dataclass(frozen=True)
class Progress:
    """Where a recipe stands.

    Attributes:
        stage, stages: number of the stage (from 1) and of all.
        name: the stage's name.
        ended: True once, when the stage is done; a checkpoint taken now skips it for ever.
        step, steps: within the stage.
        train_loss, validation_loss: mean loss without penalty; None where it is not known.
    """

    stage: int
    stages: int
    name: str
    ended: bool
    step: int
    steps: int
    train_loss: float | None = None
    validation_loss: float | None = None

    @property
    def fraction(self) -> float:
        """Share of the recipe that is done, every stage counting alike."""
        return min(1.0, (self.stage - 1 + self.step / max(self.steps, 1)) / self.stages)


def run_recipe(work: Work, recipe: Sequence[Stage], journal: Journal) -> Generator[Progress, None, Work]:
    """Runs all stages; stages that the journal has finished are taken from it.

    Yields:
        a `Progress` for every optimizer step and at each stage's end.

    Returns:
        the work after the last stage.
    """
    for number, stage in enumerate(recipe, start=1):
        name = f"stage{number}"
        known = journal.get(name)
        if known is None:
            known = yield from _run_stage(work, stage, journal, name, number, len(recipe))
            yield Progress(number, len(recipe), stage.stage, True, 1, 1)
        work = unpack(work, known)
    return work


def best_so_far(work: Work, recipe: Sequence[Stage], journal: Journal) -> Work | None:
    """Gives the work after the last finished stage, or else the best network of the first, unfinished one.

    Returns:
        None where no network has been trained yet.
    """
    for number in range(len(recipe), 0, -1):
        known = journal.get(f"stage{number}")
        if known is not None and (done := unpack(work, known)).network is not None:
            return done
    networks = [
        unpack_network(work, {key: value for key, value in result.items() if key != "outcome"})
        for name, result in journal.finished_under("stage1").items()
        if "layers.0.weights" in result and _held_out_validation(recipe[0], name)
    ]
    if journal.network_in_hand is not None:
        networks.append(unpack_network(work, journal.network_in_hand()))
    if not networks:
        return None
    return with_network(work, Fitted(min(networks, key=lambda network: validation_loss(work, network))))


def _held_out_validation(stage: Stage, piece: str) -> bool:
    """Says whether a piece learnt without the validation rows: of a search, only members that left out fold 0."""
    return not isinstance(stage, Choose | Average) or int(piece.rsplit("/", 1)[1]) % FOLDS == 0


def _run_stage(
    work: Work, stage: Stage, journal: Journal, name: str, number: int, stages: int
) -> Generator[Progress, None, Tensors]:
    def steps(_: Tensors | None, __: Callable[..., None]) -> Generator[TrainStep, None, Tensors]:
        return pack((yield from STAGE_RUNS[type(stage)](work, stage, journal, name)))

    run = journal.piece(name, steps)
    while True:
        try:
            step = next(run)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        yield Progress(number, stages, stage.stage, False, step.step, step.steps, step.train_loss, step.validation_loss)
