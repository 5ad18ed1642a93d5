"""What the kernels rely on beyond the numbers, which the contract tests hold."""

import numpy as np
import pytest

from kan.kernels.cpu.layout import LINE_BYTES, layout
from tests.kan.networks import random_network


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("widths", [(1, 1), (3, 5, 2)])
def test_weights_start_at_a_cache_line(widths: tuple[int, ...], dtype: type[np.floating]) -> None:
    assert layout(random_network(*widths), dtype).weights.ctypes.data % LINE_BYTES == 0
