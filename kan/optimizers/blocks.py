"""Blocks of rows that fit into a device's memory: halved when they do not."""

from collections.abc import Callable
from typing import TypeVar

import torch

from kan.errors import is_out_of_memory

# A GPU starts a kernel for each block, and has the memory for larger ones (51 MB of float64).
GPU_SHARE = 64.0
# Below it a block is a single row.
SMALLEST_SHARE = 2.0**-20

T = TypeVar("T")


class Blocks:
    """How large blocks of rows may be on one device, as a share of what fits a CPU's cache.

    Args:
        device: where the rows are.
    """

    def __init__(self, device: torch.device) -> None:
        self.share = 1.0 if device.type == "cpu" else GPU_SHARE

    def run(self, work: Callable[[float], T]) -> T:
        """Gives what `work` gives for the share; out of memory, it works anew with half of it, which later calls keep.

        Raises:
            MemoryError, RuntimeError: as `work` raised it, where a single row does not fit.
        """
        while True:
            try:
                return work(self.share)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error) or self.share <= SMALLEST_SHARE:
                    raise
            # Outside the except clause: there the error would still hold what the failed call had in hand.
            self.share /= 2
