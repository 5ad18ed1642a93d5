"""The linear model against closed forms and scikit-learn's logistic regression."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from kan.dense_rows import DenseRows
from kan.linear_model import fit_linear
from kan.split import Part

PARTS = np.repeat(np.array([Part.TRAIN, Part.VALIDATION, Part.TEST], dtype=np.uint8), [60, 20, 20])


def some_x(columns: int) -> NDArray[np.float64]:
    return np.random.default_rng(0).normal(size=(len(PARTS), columns))


def test_plane_is_found_exactly() -> None:
    x = some_x(3)
    y = x @ np.array([[1.0, 0.0], [-2.0, 3.0], [0.5, 1.0]]) + np.array([4.0, -1.0])
    model = fit_linear(DenseRows(x, y, PARTS, "regression", 2))
    np.testing.assert_allclose(model.outputs(x), y, atol=1e-12)
    assert model.parameters == 8


def test_repeated_column_shares_its_weight() -> None:
    x = some_x(1)
    model = fit_linear(DenseRows(np.hstack([x, x]), 3 * x, PARTS, "regression", 1))
    np.testing.assert_allclose(model.weights, [[1.5], [1.5]], atol=1e-12)


def test_test_rows_teach_nothing() -> None:
    x = some_x(2)
    y = x[:, :1].copy()
    before = fit_linear(DenseRows(x, y.copy(), PARTS, "regression", 1))
    y[PARTS == Part.TEST] = 1e6
    after = fit_linear(DenseRows(x, y, PARTS, "regression", 1))
    np.testing.assert_array_equal(after.weights, before.weights)


@pytest.mark.parametrize(("classes", "outputs"), [(2, 1), (3, 3)])
def test_classes_as_scikit_learn_tells_them(classes: int, outputs: int) -> None:
    x = some_x(2)
    noise = np.random.default_rng(1).gumbel(size=(len(x), classes))
    y = (x @ np.array([[1.0, 0.0, -1.0], [0.0, 2.0, 1.0]])[:, :classes] + noise).argmax(axis=1)
    model = fit_linear(DenseRows(x, y, PARTS, "classification", outputs))
    logits = model.outputs(x)
    found = softmax(np.hstack([np.zeros((len(x), classes - outputs)), logits]), axis=1)
    # One logit for two classes: half the ridge of two logits that share the difference; scikit-learn does the same.
    taught = PARTS != Part.TEST
    expected = LogisticRegression(tol=1e-8, max_iter=1000).fit(x[taught], y[taught]).predict_proba(x)
    # Both stop by their own gradient's size.
    np.testing.assert_allclose(found, expected, atol=1e-4)
