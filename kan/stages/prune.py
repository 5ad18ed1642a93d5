"""Prune what the network hardly needs: scores from the training rows, losses on the validation rows."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from kan.config_sparsity import Prune
from kan.errors import InvalidConfig
from kan.journal import Journal
from kan.network import Kan
from kan.problem import Problem
from kan.sparsify import Pruning, pruned, pruned_within
from kan.stages.fit import Fitted, with_changed
from kan.stages.work import StageRun, Work, unlearnt
from kan.state import Array


def prune(work: Work, stage: Prune, journal: Journal, name: str) -> StageRun:
    """Gives the network with fewer edges; the means of those that went stay as constants.

    What pruning changes is added to the held-out outputs: after an average these are not the network's own, which has
    seen the validation rows.

    Raises:
        InvalidConfig: nothing has been trained yet.
    """
    if work.network is None or work.held_out is None:
        raise InvalidConfig("recipe", "expected a stage that trains before prune")
    before = work.network
    found = _pruned(work.problem, before, unlearnt(work, before), stage)
    after = Kan.from_state(found.state).to(before.kan_layers[0].weights)
    # A later stage must not climb from a member that still has these edges.
    return replace(with_changed(work, Fitted(after, work.outcome)), members={})
    yield


def _pruned(problem: Problem, network: Kan, seen: Tensor, stage: Prune) -> Pruning:
    """Prunes by the bound or by the thresholds of the stage.

    Args:
        seen: (validation rows, outputs) what to add to the network's outputs there to have those of networks that
            never saw these rows.
    """
    x = problem.at(problem.train)[0]
    state, rows = network.state(x), x.detach().cpu().numpy()
    if stage.max_metric_loss is None:
        node, edge = stage.node_threshold, stage.edge_threshold
        assert node is not None
        assert edge is not None
        return pruned(state, node_threshold=node, edge_threshold=edge, compensate=rows)
    held_x, held_y = (values.detach().cpu().numpy() for values in problem.at(problem.validation))
    loss = metric_loss(problem, seen.detach().cpu().numpy())
    return pruned_within(state, held_x, held_y, loss, stage.max_metric_loss, compensate=rows)


def metric_loss(problem: Problem, seen: Array) -> Callable[[Array, Array], float]:
    """Gives what is lost on the validation rows: 1 - R2, the mean over the outputs; of classes the log-loss.

    Args:
        seen: (validation rows, outputs) added to the outputs.
    """

    def unexplained(outputs: Array, y: Array) -> float:
        variance = y.var(axis=0)
        return float(np.mean(np.square(outputs + seen - y).mean(axis=0) / np.where(variance > 0, variance, 1.0)))

    def log_loss(outputs: Array, y: Array) -> float:
        return float(problem.loss.rows(torch.from_numpy(outputs + seen), torch.from_numpy(y)).mean())

    return unexplained if problem.loss.name == "mse" else log_loss
