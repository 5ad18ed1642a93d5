"""What training makes small: squared error or cross-entropy, with the seeds of their Gauss-Newton matrices."""

from collections.abc import Iterator
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

# Rows whose class weight is below this add nothing to the Gauss-Newton matrix that the damping would not swamp.
NEGLIGIBLE_WEIGHT = 1e-4


class Loss(Protocol):
    """The loss of a row, its descent direction, and the seeds of its Gauss-Newton matrix."""

    name: str

    def rows(self, outputs: Tensor, y: Tensor) -> Float[Tensor, " rows"]:
        """Gives the loss of every row."""
        ...

    def descent(self, outputs: Tensor, y: Tensor) -> Float[Tensor, "rows outputs"]:
        """Gives the negative gradient of every row's loss by its outputs."""
        ...

    def seeds(self, outputs: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yields (rows kept, delta): the Gauss-Newton matrix is the sum of J'J over the Jacobians seeded by delta."""
        ...

    def curvature(self, outputs: Tensor) -> Float[Tensor, "rows outputs outputs"]:
        """Gives the second derivatives of every row's loss by its outputs."""
        ...


class SquaredError:
    """Half the squared error, summed over the outputs."""

    name = "mse"

    def rows(self, outputs: Tensor, y: Tensor) -> Float[Tensor, " rows"]:
        """Gives 0.5 * sum((f - y)^2) of every row."""
        return 0.5 * (outputs - y).square().sum(1)

    def descent(self, outputs: Tensor, y: Tensor) -> Float[Tensor, "rows outputs"]:
        """Gives y - f."""
        return y - outputs

    def seeds(self, outputs: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yields one unit vector per output, for all rows."""
        every = torch.arange(len(outputs), device=outputs.device)
        for index in range(outputs.shape[1]):
            delta = torch.zeros_like(outputs)
            delta[:, index] = 1.0
            yield every, delta

    def curvature(self, outputs: Tensor) -> Float[Tensor, "rows outputs outputs"]:
        """Gives 1 for an output with itself."""
        return torch.eye(outputs.shape[1]).to(outputs).expand(len(outputs), -1, -1)


class BinaryCrossEntropy:
    """Negative log-likelihood of the class, the one output being the logit of class 1."""

    name = "log_loss"

    def rows(self, outputs: Tensor, y: Tensor) -> Float[Tensor, " rows"]:
        """Gives log(1 + exp(f)) - y * f of every row."""
        return torch.nn.functional.softplus(outputs[:, 0]) - y * outputs[:, 0]

    def descent(self, outputs: Tensor, y: Tensor) -> Float[Tensor, "rows outputs"]:
        """Gives y - sigmoid(f)."""
        return y.unsqueeze(1) - torch.sigmoid(outputs)

    def seeds(self, outputs: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yields sqrt(p (1 - p)), for all rows."""
        p = torch.sigmoid(outputs)
        yield torch.arange(len(outputs), device=outputs.device), (p * (1 - p)).sqrt()

    def curvature(self, outputs: Tensor) -> Float[Tensor, "rows outputs outputs"]:
        """Gives p (1 - p)."""
        p = torch.sigmoid(outputs).unsqueeze(2)
        return p * (1 - p)


class CrossEntropy:
    """Negative log-likelihood of the class, the outputs being logits."""

    name = "log_loss"

    def rows(self, outputs: Tensor, y: Tensor) -> Float[Tensor, " rows"]:
        """Gives -log softmax(f)[y] of every row."""
        return torch.nn.functional.cross_entropy(outputs, y, reduction="none")

    def descent(self, outputs: Tensor, y: Tensor) -> Float[Tensor, "rows outputs"]:
        """Gives onehot(y) - softmax(f)."""
        gradient = -torch.softmax(outputs, dim=1)
        gradient[torch.arange(len(y), device=y.device), y] += 1.0
        return gradient

    def seeds(self, outputs: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yields sqrt(p_c) * (e_c - p) for each class c: the exact Fisher matrix diag(p) - p p' as a sum of squares."""
        p = torch.softmax(outputs, dim=1)
        for index in range(outputs.shape[1]):
            kept = torch.nonzero(p[:, index] > NEGLIGIBLE_WEIGHT).flatten()
            delta = -p[kept]
            delta[:, index] += 1.0
            yield kept, delta * p[kept, index].sqrt().unsqueeze(1)

    def curvature(self, outputs: Tensor) -> Float[Tensor, "rows outputs outputs"]:
        """Gives p_c (1 - p_c) for an output with itself, -p_c p_d for two."""
        p = torch.softmax(outputs, dim=1)
        return torch.diag_embed(p) - p.unsqueeze(2) * p.unsqueeze(1)


def loss_for(task: str, outputs: int) -> Loss:
    """Gives the loss of a task ("regression" or "classification") whose network has so many outputs."""
    if task != "classification":
        return SquaredError()
    return BinaryCrossEntropy() if outputs == 1 else CrossEntropy()
