"""The picture's numbers are those of the tables."""

from benchmarks.plot import ratios

RESULTS = """# Results

## training_step.py

| shape | grid | rows | ours, µs | × efficient-kan | × pykan |
| --- | --- | --- | --- | --- | --- |
| [2, 5, 1] | 5 | 64 | 12 µs | 1,234 | 20 s a call |
| [2, 5, 1] | 20 | 64 | 12 µs | 99 | 99 |

## inference.py

| shape | grid | rows | float64, µs | float32, µs | × efficient-kan | × MLP shape |
| --- | --- | --- | --- | --- | --- | --- |
| [2, 5, 1] | 5 | 1 | 1.1 | 1.0 | 300 / 310 | 0.5 |
"""


def test_ratios_of_grid_5_are_read_and_reasons_left_out() -> None:
    assert ratios(RESULTS, "training_step.py") == {"[2, 5, 1], 64": {"efficient-kan": 1234.0}}


def test_of_two_precisions_that_of_the_peers_counts() -> None:
    assert ratios(RESULTS, "inference.py") == {"[2, 5, 1], 1": {"efficient-kan": 310.0, "MLP shape": 0.5}}
