"""The notebook of a training: finished pieces are not done again, the piece in hand goes on, damage is refused."""

from collections.abc import Callable, Generator
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from kan.checkpoint import dump
from kan.errors import CheckpointError
from kan.journal import Journal, Tensors
from kan.network import Kan
from tests.kan.training import finish

Register = Callable[[Callable[[], Tensors]], None]


def counting(upto: int, log: list[int]) -> Callable[[Tensors | None, Register], Generator[int, None, Tensors]]:
    """A piece that counts to `upto`, one number a step; `log` hears of each."""

    def work(resume: Tensors | None, register: Register) -> Generator[int, None, Tensors]:
        state = {"count": torch.tensor(0) if resume is None else resume["count"]}
        register(lambda: state)
        while int(state["count"]) < upto:
            state["count"] = state["count"] + 1
            log.append(int(state["count"]))
            yield int(state["count"])
        return {"sum": state["count"]}

    return work


def test_finished_piece_is_not_done_again() -> None:
    journal, log = Journal(), list[int]()
    assert int(finish(journal.piece("a", counting(3, log)))["sum"]) == 3
    again = Journal.from_bytes(journal.to_bytes())
    assert int(finish(again.piece("a", counting(3, log)))["sum"]) == 3
    assert log == [1, 2, 3]


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_piece_in_hand_goes_on_where_it_was(steps: int) -> None:
    journal, log = Journal(), list[int]()
    run = journal.piece("a", counting(3, log))
    for _ in range(steps):
        next(run)
    data = journal.to_bytes()
    run.close()
    finish(Journal.from_bytes(data).piece("a", counting(3, log)))
    assert log == [1, 2, 3]


def test_bytes_before_the_piece_in_hand_is_reached_still_hold_it() -> None:
    journal, log = Journal(), list[int]()
    run = journal.piece("a", counting(3, log))
    next(run)
    twice = Journal.from_bytes(Journal.from_bytes(journal.to_bytes()).to_bytes())
    finish(twice.piece("a", counting(3, log)))
    assert log == [1, 2, 3]


def test_snapshot_of_another_piece_is_not_taken() -> None:
    journal, log = Journal(), list[int]()
    next(journal.piece("a", counting(3, log)))
    other = Journal.from_bytes(journal.to_bytes())
    finish(other.piece("b", counting(2, log)))
    assert log == [1, 1, 2]


def test_finishing_a_piece_forgets_its_parts_and_no_other() -> None:
    journal = Journal()
    for name in ("a/1", "a/2", "ab"):
        journal.finish(name, {"x": torch.zeros(1)})
    journal.finish("a", {"x": torch.ones(1)})
    assert [journal.get(name) is not None for name in ("a/1", "a/2", "ab", "a")] == [False, False, True, True]


def test_finished_result_is_a_copy() -> None:
    journal, held = Journal(), torch.zeros(1)
    journal.finish("a", {"x": held})
    held += 1
    assert float(journal.get("a")["x"]) == 0.0  # type: ignore[index]


def test_same_content_gives_the_same_bytes() -> None:
    journals = [Journal(), Journal()]
    for journal in journals:
        journal.finish("a", {"x": torch.arange(3.0), "empty": torch.zeros(0, 4)})
    assert journals[0].to_bytes() == journals[1].to_bytes()
    assert Journal.from_bytes(journals[0].to_bytes()).get("a")["empty"].shape == (0, 4)  # type: ignore[index]


def test_empty_notebook_is_read_back() -> None:
    assert Journal.from_bytes(Journal().to_bytes()).get("a") is None


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"\x80\x04", bytes(100), dump(Kan([2, 1]).state()), save({"a|b": np.zeros(1)})],
    ids=["empty", "json", "pickle", "zeros", "model", "names"],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CheckpointError):
        Journal.from_bytes(data)


def a_notebook() -> bytes:
    journal = Journal()
    journal.finish("a", {"x": torch.arange(5.0, dtype=torch.float64), "n": torch.tensor(3)})
    return journal.to_bytes()


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, len(a_notebook()) - 1), value=st.integers(0, 255), length=st.integers(0, 500))
def test_damaged_bytes_are_read_or_refused_and_nothing_else(position: int, value: int, length: int) -> None:
    data = bytearray(a_notebook())
    data[position] = value
    for damaged in (bytes(data), bytes(data)[:length]):
        with suppress(CheckpointError):
            Journal.from_bytes(damaged)
