"""The estimators by scikit-learn's own checks, and what these do not ask."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from kan import KanClassifier, KanRegressor

X = np.random.default_rng(0).uniform(-1, 1, (120, 2))
Y = np.sin(3 * X[:, 0]) + X[:, 1] ** 2
QUICK: dict[str, Any] = {"hidden": (1,), "preset": "quick", "grid": 3}
# scikit-learn trains more than a hundred of them.
QUICKEST: dict[str, Any] = {"hidden": (), "preset": "quick", "grid": 2}


@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [KanRegressor(**QUICKEST), KanClassifier(**QUICKEST)]
)
def test_convention_of_scikit_learn_holds(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.parametrize("hidden", ["auto", (), (3,)], ids=str)
def test_regressor_learns_a_smooth_function(hidden: Any) -> None:
    assert KanRegressor(hidden=hidden, preset="quick").fit(X, Y).score(X, Y) > 0.98


def test_several_targets_are_predicted_in_their_columns() -> None:
    targets = np.c_[Y, 1e6 * Y]
    predicted = KanRegressor(**QUICK).fit(X, targets).predict(X)
    assert predicted.shape == (120, 2)
    np.testing.assert_allclose(predicted[:, 1], 1e6 * predicted[:, 0], rtol=1e-4, atol=1e3)


@pytest.mark.parametrize("labels", [np.array(["no", "yes"]), np.array([7, -3]), np.array([False, True])], ids=str)
def test_classifier_keeps_labels_as_they_are(labels: Any) -> None:
    y = labels[(Y > 0.5).astype(int)]
    classifier = KanClassifier(**QUICK).fit(X, y)
    assert classifier.classes_.tolist() == sorted(labels.tolist())
    assert set(classifier.predict(X)) <= set(labels)
    chances = classifier.predict_proba(X)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=1e-14)
    assert classifier.score(X, y) > 0.9


def test_class_of_one_row_is_learnt_where_its_name_sorts_last() -> None:
    labels = np.where(np.arange(120) == 7, "yes", "no")
    model = KanClassifier(hidden=(), preset="quick").fit(X, labels)
    assert list(model.classes_) == ["no", "yes"]
    assert model.predict_proba(X).shape == (120, 2)


def test_degree_is_taken_by_a_search_too() -> None:
    state = KanRegressor(hidden="auto", preset="quick", degree=2).fit(X, Y).state_
    assert {layer.degree for layer in state.layers} == {2}


@pytest.mark.parametrize(
    "wrong",
    [{"preset": "slow"}, {"hidden": "wide"}, {"hidden": (0,)}, {"grid": 0}, {"degree": 9}],
    ids=str,
)
@pytest.mark.parametrize("kind", [KanRegressor, KanClassifier])
def test_wrong_parameter_is_a_value_error_when_fitted(kind: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        kind(**wrong).fit(X, Y > 0.5)


def test_values_beyond_training_are_predicted_and_finite() -> None:
    model = KanRegressor(**QUICK).fit(X, Y)
    assert np.isfinite(model.predict(np.array([[50.0, -50.0]]))).all()
