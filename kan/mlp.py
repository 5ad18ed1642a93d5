"""The multilayer perceptron that a KAN is compared with: two hidden layers of equal width, Adam, early stopping.

It learns from the same encoded rows, stops by the same validation rows, and is then fitted anew to both for as long.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import isqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kan.dense_rows import DenseRows
from kan.losses import Loss, loss_for
from kan.problem import FOLDS
from kan.split import Part
from kan.state import Array

LEARNING_RATE = 1e-2
# Epochs without a better held-out loss: the rate is halved after so many, the training ends after more.
HALVE_AFTER, STOP_AFTER = 25, 60
MOST_EPOCHS = 1_000
SMALLEST_BATCH, LARGEST_BATCH, BATCHES = 16, 256, 12
# Hidden nodes of the members that use up a given time.
MEMBER_WIDTH = 64

Mask = NDArray[np.bool_]
Epochs = Generator[int, None, "Mlp"]
MeanEpochs = Generator[int, None, "MlpMean"]


@dataclass(frozen=True, eq=False)
class Mlp:
    """A trained perceptron, and the learning rate of every epoch up to the best one."""

    network: nn.Sequential
    rates: tuple[float, ...]

    @property
    def parameters(self) -> int:
        """The number of trained numbers."""
        return sum(weights.numel() for weights in self.network.parameters())

    def outputs(self, x: Array) -> Array:
        """Gives (rows, outputs): standardised numbers, or logits."""
        with torch.no_grad():
            return np.asarray(self.network(torch.from_numpy(x)).numpy())


@dataclass(frozen=True, eq=False)
class MlpMean:
    """Several perceptrons whose outputs are averaged."""

    members: tuple[Mlp, ...]

    @property
    def parameters(self) -> int:
        """The number of trained numbers of all members."""
        return sum(member.parameters for member in self.members)

    def outputs(self, x: Array) -> Array:
        """Gives (rows, outputs)."""
        return np.asarray(np.mean([member.outputs(x) for member in self.members], axis=0))


def equal_width(parameters: int, columns: int, outputs: int) -> int:
    """Gives the width of two hidden layers whose perceptron comes nearest to a number of parameters, 1 at least.

    >>> equal_width(1_000, columns=8, outputs=1)
    27
    """
    linear = columns + outputs + 2
    root = (isqrt(max(0, linear**2 + 4 * (parameters - outputs))) - linear) // 2
    candidates = (max(1, root), max(1, root + 1))
    return min(candidates, key=lambda width: abs(width**2 + linear * width + outputs - parameters))


def fit_mlp(rows: DenseRows, width: int, seed: int) -> Epochs:
    """Trains one perceptron; yields after every epoch. The same seed, rows and thread count give the same bits.

    The validation rows say for how many epochs; then it starts anew, from the same weights, with all of them.
    """
    stopped = yield from _stopped(rows, width, seed, _is_part(rows, Part.VALIDATION))
    x, y = _tensors(rows, _is_part(rows, Part.TRAIN) | _is_part(rows, Part.VALIDATION))
    network = _network(x.shape[1], width, rows.outputs, seed)
    adam = torch.optim.Adam(network.parameters())
    batches = torch.Generator().manual_seed(seed)
    for number, rate in enumerate(stopped.rates):
        _epoch(network, adam, loss_for(rows.task, rows.outputs), x, y, rate, batches)
        yield number
    return Mlp(network, stopped.rates)


def fit_mlp_for(rows: DenseRows, seconds: float, clock: Callable[[], float], seed: int) -> MeanEpochs:
    """Trains perceptrons, each held back by another fold, until the time is used; yields after every epoch.

    One network trained for longer only overfits; the mean of several is the best use of the time that we know of. How
    many fit into the time is not the same in every run, and so neither are the bits.

    Args:
        rows: what to learn.
        seconds: of `clock`. The first member is finished in any case; a later one that the end cuts off is dropped.
        clock: gives seconds, of the CPU best.
        seed: of folds and starts.
    """
    end, members = clock() + seconds, list[Mlp]()
    folds = _folds(rows, seed)
    while not members or clock() < end:
        number = len(members)
        epochs = _stopped(rows, MEMBER_WIDTH, seed + 1_000_003 * number, folds == number % FOLDS)
        while True:
            try:
                yield next(epochs)
            except StopIteration as stop:
                members.append(stop.value)
                break
            if members and clock() >= end:
                break
    return MlpMean(tuple(members))


def _stopped(rows: DenseRows, width: int, seed: int, held: Mask) -> Epochs:
    """Trains on the rows that are neither held out nor test rows; gives the weights with the least held-out loss."""
    loss = loss_for(rows.task, rows.outputs)
    x, y = _tensors(rows, ~held & ~_is_part(rows, Part.TEST))
    held_x, held_y = _tensors(rows, held)
    network = _network(x.shape[1], width, rows.outputs, seed)
    adam, batches = torch.optim.Adam(network.parameters()), torch.Generator().manual_seed(seed)
    rate, rates, best, best_epoch = LEARNING_RATE, list[float](), float("inf"), -1
    kept = {name: values.clone() for name, values in network.state_dict().items()}
    for epoch in range(MOST_EPOCHS):
        _epoch(network, adam, loss, x, y, rate, batches)
        rates.append(rate)
        with torch.no_grad():
            found = float(loss.rows(network(held_x), held_y).mean())
        if found < best:
            best, best_epoch = found, epoch
            kept = {name: values.clone() for name, values in network.state_dict().items()}
        yield epoch
        waited = epoch - best_epoch
        if waited >= STOP_AFTER:
            break
        if waited and waited % HALVE_AFTER == 0:
            rate /= 2
    network.load_state_dict(kept)
    return Mlp(network, tuple(rates[: best_epoch + 1]))


def _epoch(
    network: nn.Sequential,
    adam: torch.optim.Adam,
    loss: Loss,
    x: Tensor,
    y: Tensor,
    rate: float,
    batches: torch.Generator,
) -> None:
    """Passes all rows once, in small batches and a new order."""
    adam.param_groups[0]["lr"] = rate
    size = min(LARGEST_BATCH, max(SMALLEST_BATCH, len(x) // BATCHES))
    for batch in torch.randperm(len(x), generator=batches).split(size):
        adam.zero_grad()
        loss.rows(network(x[batch]), y[batch]).mean().backward()
        adam.step()


def _network(columns: int, width: int, outputs: int, seed: int) -> nn.Sequential:
    """Builds it in float64 with normal weights of variance 1 / inputs and no intercepts."""
    generator = torch.Generator().manual_seed(seed)
    sizes = [(columns, width), (width, width), (width, outputs)]
    # torch's own start would draw from the global generator.
    layers = [nn.utils.skip_init(nn.Linear, *size, dtype=torch.float64) for size in sizes]
    for layer in layers:
        with torch.no_grad():
            spread = layer.in_features**-0.5
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator, dtype=torch.float64) * spread)
            layer.bias.zero_()
    return nn.Sequential(layers[0], nn.SiLU(), layers[1], nn.SiLU(), layers[2])


def _is_part(rows: DenseRows, part: Part) -> Mask:
    return np.asarray(rows.parts == part)


def _tensors(rows: DenseRows, mask: Mask) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(rows.x[mask]), torch.from_numpy(rows.y[mask])


def _folds(rows: DenseRows, seed: int) -> NDArray[np.intp]:
    """Gives the fold of every row; test rows have none (-1), the validation rows are fold 0."""
    folds = np.full(len(rows.parts), -1, dtype=np.intp)
    train = np.flatnonzero(rows.parts == Part.TRAIN)
    folds[np.random.default_rng([seed, 0xF01D]).permutation(train)] = 1 + np.arange(len(train)) % (FOLDS - 1)
    folds[rows.parts == Part.VALIDATION] = 0
    return folds
