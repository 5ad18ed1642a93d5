"""Coefficients that best fit samples: well-posed however few the samples, the same bits on every call.

A ridge row per coefficient makes the matrix of full rank, and a second pass on the residual takes its bias away. Never
gelsy or gels: on rank-deficient spline matrices they return something else on each call.
"""

import numpy as np

from kan.bspline import Array, basis

CHUNK_ROWS = 4096
PASSES = 3


def fit_coefficients(
    x: Array, y: Array, knots: Array, degree: int, ridge: float = 1e-14, previous: Array | None = None
) -> Array:
    """Gives the coefficients whose curve comes nearest to the samples in the least-squares sense.

    Args:
        x: (rows,) samples, in any number and order.
        y: (rows,) or (rows, outputs).
        knots: (n_basis + degree + 1,).
        ridge: weight of a coefficient's change, relative to the largest column's sum of squares; > 0.
        previous: (n_basis,) or (n_basis, outputs): what a coefficient that no sample sees keeps; 0 where not given.

    Returns:
        (n_basis,) or (n_basis, outputs).
    """
    targets = y[:, None] if y.ndim == 1 else y
    start = np.zeros((len(knots) - degree - 1, targets.shape[1]))
    if previous is not None:
        start += previous.reshape(start.shape)
    matrix, targets = _compressed(x, targets, knots, degree)
    found = start + _ridge_solution(matrix, targets - matrix @ start, ridge)
    return found[:, 0] if y.ndim == 1 else found


def _compressed(x: Array, y: Array, knots: Array, degree: int) -> tuple[Array, Array]:
    """Turns many rows into at most n_basis + outputs by QR, chunk by chunk: same solution, bounded memory."""
    kept = np.empty((0, len(knots) - degree - 1 + y.shape[1]))
    for start in range(0, len(x), CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        stacked = np.concatenate([kept, np.concatenate([basis(x[rows], knots, degree), y[rows]], axis=1)])
        kept = np.asarray(np.linalg.qr(stacked, mode="r")) if len(stacked) > stacked.shape[1] else stacked
    return kept[:, : kept.shape[1] - y.shape[1]], kept[:, kept.shape[1] - y.shape[1] :]


def _ridge_solution(matrix: Array, targets: Array, ridge: float) -> Array:
    """Solves [B; sqrt(ridge) I] c = [y; 0] by QR, then again for what is left of y (iterated Tikhonov)."""
    largest = float(np.max(np.sum(matrix**2, axis=0), initial=0.0)) or 1.0
    augmented = np.concatenate([matrix, np.sqrt(ridge * largest) * np.eye(matrix.shape[1])])
    orthogonal, triangle = np.linalg.qr(augmented)
    top = orthogonal[: len(matrix)]
    found = np.zeros((matrix.shape[1], targets.shape[1]))
    for _ in range(PASSES):
        found += np.linalg.solve(triangle, top.T @ (targets - matrix @ found))
    return found
