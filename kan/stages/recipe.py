"""A recipe, stage after stage, as one generator that can be closed, saved and gone on with."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kan.config import Average, Choose, Extend, Fit, MoveGrid, Refine, Refit, Stage, Starts
from kan.config_sparsity import Prune
from kan.config_symbolic import Discover, Symbolify
from kan.errors import is_out_of_memory
from kan.journal import Journal
from kan.problem import FOLDS
from kan.stages.average import average
from kan.stages.choose import choose
from kan.stages.discover import discover
from kan.stages.fit import Fitted, fit, refit, with_network
from kan.stages.grids import extend, move_grid, refine
from kan.stages.prune import prune
from kan.stages.starts import starts, validation_loss
from kan.stages.symbolify import symbolify
from kan.stages.work import StageRun, Tensors, Work, pack, unpack, unpack_network
from kan.train import Outcome, TrainStep

STAGE_RUNS: dict[type[Any], Callable[..., StageRun]] = {
    Fit: fit,
    Refit: refit,
    Starts: starts,
    Refine: refine,
    MoveGrid: move_grid,
    Extend: extend,
    Choose: choose,
    Average: average,
    Discover: discover,
    Symbolify: symbolify,
    Prune: prune,
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
        the work after the last stage. Its outcome is NON_FINITE_DATA where the rows are not finite: then nothing was
        trained; OUT_OF_MEMORY ends the recipe with what was good before.
    """
    if not work.problem.is_finite:
        return replace(work, outcome=Outcome.NON_FINITE_DATA)
    for number, stage in enumerate(recipe, start=1):
        name = f"stage{number}"
        known = journal.get(name)
        if known is None:
            try:
                known = yield from _run_stage(work, stage, journal, name, number, len(recipe))
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                return replace(work, outcome=Outcome.OUT_OF_MEMORY)
            yield Progress(number, len(recipe), stage.stage, True, 1, 1)
        work = unpack(work, known)
        if work.outcome is Outcome.OUT_OF_MEMORY:
            break
    return work


def ran_out_of_memory(result: Tensors) -> bool:
    """Says whether a finished piece ended because memory ran out."""
    return "outcome" in result and list(Outcome)[int(result["outcome"])] is Outcome.OUT_OF_MEMORY


def best_so_far(work: Work, recipe: Sequence[Stage], journal: Journal) -> Work | None:
    """Gives what a run that is stopped from outside has reached, with the outcome CANCELLED.

    Returns:
        the work after the last finished stage, or else the best network of the first, unfinished one; None where no
        network has been trained yet.
    """
    found = _finished_or_in_hand(work, recipe, journal)
    return None if found is None else replace(found, outcome=Outcome.CANCELLED)


def _finished_or_in_hand(work: Work, recipe: Sequence[Stage], journal: Journal) -> Work | None:
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
