"""A training's notebook: finished pieces and the one in hand, so that a killed run goes on where it was."""

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch import Tensor

from kan.errors import CheckpointError

Tensors = dict[str, Tensor]
SEPARATOR = "|"


class Journal:
    """Results of finished pieces of work by name, and a snapshot of the piece in hand.

    Training is deterministic and cut into named pieces; a run that starts with the journal of another one takes the
    finished results as they are, goes on inside the piece in hand, and so ends in the same bits.
    """

    def __init__(self) -> None:
        self._finished: dict[str, Tensors] = {}
        self._resume: tuple[str, Tensors] | None = None
        self._in_hand: tuple[str, Callable[[], Tensors]] | None = None
        self.network_in_hand: Callable[[], Tensors] | None = None

    def piece(
        self,
        name: str,
        work: Callable[[Tensors | None, Callable[[Callable[[], Tensors]], None]], Generator[Any, None, Tensors]],
    ) -> Generator[Any, None, Tensors]:
        """Gives the result of a piece: from the notebook, or by doing the work (from its snapshot where there is one).

        Args:
            name: unique within the run; finishing "a" forgets the pieces "a/…", which it is made of.
            work: called with the snapshot to start from (or None) and a function that registers how to take one.
        """
        if name in self._finished:
            return self._finished[name]
        resume = self._take_resume(name)
        result = yield from work(resume, lambda snapshot: self._hold(name, snapshot))
        self._in_hand = self.network_in_hand = None
        self.finish(name, result)
        return result

    def finish(self, name: str, result: Tensors) -> None:
        """Writes a result down."""
        for old in [key for key in self._finished if key.startswith(name + "/")]:
            del self._finished[old]
        self._finished[name] = {key: value.detach().clone() for key, value in result.items()}

    def get(self, name: str) -> Tensors | None:
        """Gives the result of a finished piece."""
        return self._finished.get(name)

    def finished_under(self, name: str) -> dict[str, Tensors]:
        """Gives the results of the finished pieces that an unfinished one is made of so far, by their names."""
        return {key: result for key, result in self._finished.items() if key.startswith(name + "/")}

    def forget(self, is_bad: Callable[[Tensors], bool]) -> None:
        """Drops results and what is in hand, so that the next run does them anew."""
        self._finished = {name: result for name, result in self._finished.items() if not is_bad(result)}
        self._in_hand = self.network_in_hand = None

    def to_bytes(self) -> bytes:
        """Writes the notebook as safetensors."""
        pieces = {f"finished{SEPARATOR}{name}": tensors for name, tensors in self._finished.items()}
        if self._in_hand is not None:
            pieces[f"hand{SEPARATOR}{self._in_hand[0]}"] = self._in_hand[1]()
        elif self._resume is not None:
            pieces[f"hand{SEPARATOR}{self._resume[0]}"] = self._resume[1]
        arrays = {
            f"{piece}{SEPARATOR}{key}": np.ascontiguousarray(value.detach().cpu().numpy())
            for piece, tensors in pieces.items()
            for key, value in tensors.items()
        }
        # One entry: several come in no fixed order, and the same notebook shall be the same bytes.
        return bytes(save(arrays, {"kan_journal": "1"}))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Journal":
        """Reads a notebook.

        Raises:
            CheckpointError: the bytes are no notebook.
        """
        try:
            arrays = load(data)
            named = [(key.split(SEPARATOR), torch.from_numpy(value.copy())) for key, value in arrays.items()]
            if any(len(parts) != 3 for parts, _ in named):
                raise CheckpointError("not a training checkpoint")
        except (SafetensorError, ValueError, TypeError) as error:
            raise CheckpointError("not a training checkpoint") from error
        journal = cls()
        hand: dict[str, Tensors] = {}
        for (kind, name, key), value in named:
            (journal._finished if kind == "finished" else hand).setdefault(name, {})[key] = value
        journal._resume = next(iter(hand.items()), None)
        return journal

    def _take_resume(self, name: str) -> Tensors | None:
        if self._resume is None or self._resume[0] != name:
            return None
        snapshot, self._resume = self._resume[1], None
        return snapshot

    def _hold(self, name: str, snapshot: Callable[[], Tensors]) -> None:
        self._in_hand = (name, snapshot)
