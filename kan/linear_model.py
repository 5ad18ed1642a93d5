"""The linear model: least squares for numbers, a softmax of linear logits for classes; what any other must beat."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from kan.dense_rows import DenseRows
from kan.split import Part
from kan.state import Array

# Weight of half the sum of squared weights beside the sum of the rows' losses: classes that a plane separates would
# else have no best plane.
RIDGE = 1.0
# Relative to the largest singular value: columns that are sums of others have no weights of their own.
SMALLEST_SINGULAR_VALUE = 1e-10
MOST_STEPS = 1_000


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Weights (columns, outputs) and intercepts (outputs,)."""

    weights: Array
    intercepts: Array

    @property
    def parameters(self) -> int:
        """The number of trained numbers."""
        return self.weights.size + self.intercepts.size

    def outputs(self, x: Array) -> Array:
        """Gives (rows, outputs) as a network would: standardised numbers, or logits."""
        return np.asarray(x @ self.weights + self.intercepts)


def fit_linear(rows: DenseRows) -> LinearModel:
    """Fits training and validation rows together: there is nothing to choose."""
    x, y = rows.at(Part.TRAIN, Part.VALIDATION)
    if rows.task == "classification":
        return _logistic(x, y.astype(np.int64), rows.outputs)
    extended = np.hstack([x, np.ones((len(x), 1))])
    found = np.linalg.lstsq(extended, y.astype(np.float64), rcond=SMALLEST_SINGULAR_VALUE)[0]
    return LinearModel(found[:-1], found[-1])


def _logistic(x: Array, y: NDArray[np.int64], outputs: int) -> LinearModel:
    """Minimises cross-entropy with a ridge on the weights by L-BFGS; with one output class 0 has the logit 0."""
    classes = max(outputs, 2)
    chosen = (y[:, None] == np.arange(classes)).astype(np.float64)
    first, columns = classes - outputs, x.shape[1]

    def loss(flat: Array) -> tuple[float, Array]:
        weights = flat.reshape(columns + 1, outputs)
        logits = np.hstack([np.zeros((len(x), first)), x @ weights[:-1] + weights[-1]])
        logs = log_softmax(logits, axis=1)
        pull = (np.exp(logs) - chosen)[:, first:]
        gradient = np.vstack([x.T @ pull + RIDGE * weights[:-1], pull.sum(axis=0)])
        return float(-(logs * chosen).sum() + RIDGE / 2 * (weights[:-1] ** 2).sum()), gradient.ravel()

    options: Any = {"maxiter": MOST_STEPS, "ftol": 1e-12, "gtol": 1e-6}
    found = minimize(loss, np.zeros((columns + 1) * outputs), jac=True, method="L-BFGS-B", options=options)
    weights = np.asarray(found.x).reshape(columns + 1, outputs)
    return LinearModel(weights[:-1], weights[-1])
