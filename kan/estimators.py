"""`KanRegressor` and `KanClassifier`: Kolmogorov-Arnold networks by scikit-learn's conventions."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted, validate_data

from kan.config import NetworkConfig
from kan.encoding import Table, decode, encode, probabilities
from kan.errors import KanError
from kan.predictor import evaluate
from kan.presets import PRESETS, preset_recipe
from kan.state import Array, NetworkState
from kan.table_training import TableTask, TableTraining


class _KanEstimator(BaseEstimator):  # type: ignore[misc]
    """What both estimators share: the parameters and the training of a table made of plain columns.

    Args:
        hidden: widths of the hidden layers, or "auto": the preset chooses between shapes.
        preset: "quick", "balanced" or "thorough".
        grid: intervals of every spline to start from; unused with hidden="auto".
        degree: spline degree.
        random_state: seed.
    """

    state_: NetworkState

    def __init__(
        self,
        hidden: tuple[int, ...] | str = (5,),
        preset: str = "balanced",
        grid: int = 5,
        degree: int = 3,
        random_state: int = 0,
    ) -> None:
        self.hidden = hidden
        self.preset = preset
        self.grid = grid
        self.degree = degree
        self.random_state = random_state

    def _train(self, x: Array, targets: Table, task: str) -> None:
        if self.preset not in PRESETS:
            raise ValueError(f"preset: expected one of {', '.join(PRESETS)}, got {self.preset!r}")
        if isinstance(self.hidden, str) and self.hidden != "auto":
            raise ValueError(f'hidden: expected "auto" or a tuple of widths, got {self.hidden!r}')
        table = {**_columns(x), **targets}
        search = isinstance(self.hidden, str)
        hidden = () if isinstance(self.hidden, str) else tuple(self.hidden)
        training = TableTraining(
            table,
            TableTask(
                inputs=tuple(_columns(x)),
                targets=tuple(targets),
                task=task,
                recipe=preset_recipe(self.preset, search=search),
                config=NetworkConfig(hidden, self.grid, self.degree),
                seed=int(self.random_state or 0),
                test_fraction=0.0,
            ),
        )
        run = training.run()
        while True:
            try:
                next(run)
            except StopIteration as stop:
                self.state_ = stop.value.state
                return

    def _outputs(self, x: ArrayLike) -> Array:
        check_is_fitted(self)
        checked = validate_data(self, x, reset=False, dtype=np.float64)
        assert self.state_.encoding is not None
        return evaluate(self.state_, encode(self.state_.encoding, _columns(checked)))


class KanRegressor(RegressorMixin, _KanEstimator):  # type: ignore[misc]
    """Predicts numbers.

    Attributes:
        state_: the trained network.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Trains on X (rows, columns) and y (rows,) or (rows, targets).

        Raises:
            ValueError: data of the wrong shape or type, or too few rows.
        """
        x, targets = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        targets = np.asarray(targets, dtype=np.float64)
        self._single = targets.ndim == 1
        columns = targets.reshape(len(x), -1)
        try:
            self._train(x, {f"y{i}": columns[:, i] for i in range(columns.shape[1])}, "regression")
        except KanError as error:
            raise ValueError(f"{error} (n_samples={len(x)})") from error
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Gives (rows,) or (rows, targets), as y was."""
        outputs = self._outputs(X)
        assert self.state_.encoding is not None
        values = decode(self.state_.encoding, outputs)
        return values[:, 0] if self._single else values


class KanClassifier(ClassifierMixin, _KanEstimator):  # type: ignore[misc]
    """Predicts classes and their probabilities.

    Attributes:
        state_: the trained network.
        classes_: (classes,) labels in the order of the probabilities.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Trains on X (rows, columns) and labels y (rows,).

        Raises:
            ValueError: data of the wrong shape or type, a single class, or too few rows.
        """
        x, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_ = unique_labels(labels)
        if len(self.classes_) < 2:
            raise ValueError(f"expected at least 2 classes, got {len(self.classes_)} class")
        # Zero-padded places sort as the labels do, whatever type these have.
        names = np.array([f"{i:06d}" for i in np.searchsorted(self.classes_, labels)], dtype=object)
        try:
            self._train(x, {"y": names}, "classification")
        except KanError as error:
            raise ValueError(f"{error} (n_samples={len(x)})") from error
        return self

    def predict_proba(self, X: ArrayLike) -> Array:
        """Gives (rows, classes) probabilities; a class that no training row had gets 0."""
        outputs = self._outputs(X)
        encoding = self.state_.encoding
        assert encoding is not None
        known: Any = encoding.outputs[0]
        values = np.zeros((len(outputs), len(self.classes_)))
        values[:, [int(name) for name in known.classes]] = probabilities(encoding, outputs)
        return values

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Gives the likeliest label of every row."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[likeliest])


def _columns(x: Array) -> dict[str, Array]:
    return {f"x{i}": np.ascontiguousarray(x[:, i]) for i in range(x.shape[1])}
