"""Features of some rows are those of the rows alone; a level never seen has none."""

import torch

from kan.features import one_hot
from kan.network import Kan
from tests.kan.kernels.cpu.definition import with_everything
from tests.kan.training import uniform


def test_one_hot_of_an_unseen_level_is_a_row_of_zeros() -> None:
    assert one_hot(torch.tensor([1.0, 2.0]), 2).tolist() == [[0.0, 1.0], [0.0, 0.0]]


def test_features_of_some_rows_are_those_of_the_rows_alone() -> None:
    layer, x = Kan.from_state(with_everything()).kan_layers[1], uniform(9, 4)
    kept = torch.tensor([0, 4, 5])
    found, expected = layer.design(x, slopes=True).some(kept), layer.design(x[kept], slopes=True)
    assert torch.equal(found.values, expected.values)
    assert found.slopes is not None
    assert expected.slopes is not None
    assert torch.equal(found.slopes, expected.slopes)
    assert found.formulas is not None
    assert expected.formulas is not None
    assert torch.equal(found.formulas.by_constants, expected.formulas.by_constants)
