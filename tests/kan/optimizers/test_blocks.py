"""Blocks halve until they fit, and stay so."""

import pytest
import torch

from kan.optimizers.blocks import GPU_SHARE, Blocks

CPU = torch.device("cpu")


def test_share_is_halved_until_the_work_fits_and_kept() -> None:
    asked: list[float] = []

    def work(share: float) -> str:
        asked.append(share)
        if share > 0.3:
            raise torch.OutOfMemoryError
        return "done"

    blocks = Blocks(CPU)
    assert blocks.run(work) == "done"
    assert blocks.run(work) == "done"
    assert asked == [1.0, 0.5, 0.25, 0.25]


def test_memory_that_takes_no_row_ends_with_its_error() -> None:
    def work(share: float) -> None:
        raise torch.OutOfMemoryError("full")

    with pytest.raises(torch.OutOfMemoryError, match="full"):
        Blocks(CPU).run(work)


def test_other_errors_are_not_tried_again() -> None:
    asked: list[float] = []

    def work(share: float) -> None:
        asked.append(share)
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        Blocks(CPU).run(work)
    assert len(asked) == 1


def test_blocks_of_a_gpu_start_larger() -> None:
    assert (Blocks(CPU).share, Blocks(torch.device("cuda:0")).share) == (1.0, GPU_SHARE)
