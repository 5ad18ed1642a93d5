"""The options of a prediction: what to do with values that training never saw, and what explains the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.api.negotiation import JSON
from service.api.prediction_answers import contributions_part, gradient_part, interval_part
from service.domain import errors, predictions
from service.domain.intervals import intervals
from service.domain.model_cache import LoadedModel
from service.domain.reading import explanations
from service.store.tables import VersionRow

# Also those of later versions of this service, so that an address never changes its meaning.
OPTIONS = frozenset({"domain", "contributions", "interval", "gradient"})
CONTRIBUTIONS = "Adds what every edge into the outputs adds to each row; JSON only."
INTERVAL = (
    "Adds an interval to each number, a set to each class: on average they hold the true one in at least this part "
    "of rows like the test rows."
)
GRADIENT = "Adds the derivative of each output by each number column; JSON only."
_LEVEL = re.compile(r"0?\.[0-9]{1,12}")
_WORDS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Asked:
    """The options of one request."""

    policy: predictions.DomainPolicy
    contributions: bool = False
    gradient: bool = False
    interval: float | None = None

    @property
    def explains(self) -> bool:
        """Asks for more than the answer?"""
        return self.contributions or self.gradient


def read_asked(chosen: Mapping[str, str]) -> Asked:
    """Reads the options among the parameters of an address.

    Raises:
        InvalidParameter: one that is not offered, or a value that is none.
    """
    asked = chosen.get("domain", "warn")
    policy = next((policy for policy in predictions.POLICIES if policy == asked), None)
    if policy is None:
        raise errors.InvalidParameter("domain", f"expected one of {', '.join(predictions.POLICIES)}")
    flags = {option: _flag(chosen, option) for option in ("contributions", "gradient")}
    return Asked(policy, interval=_level(chosen), **flags)


def check_asked(asked: Asked, media_type: str) -> None:
    """Refuses what cannot be answered in the format.

    Raises:
        InvalidParameter: contributions or a gradient in a table.
    """
    for option in ("contributions", "gradient"):
        if getattr(asked, option) and media_type != JSON:
            raise errors.InvalidParameter(option, f"answered as {JSON} only")


def explanation(
    row: VersionRow, model: LoadedModel, answer: predictions.Prediction, asked: Asked
) -> dict[str, dict[str, Any]]:
    """Gives the parts of the answer that explain it.

    Raises:
        BodyTooLarge: too many numbers.
        InvalidParameter: the version keeps no means of its training rows, or no residuals of enough test rows.
    """
    found: dict[str, dict[str, Any]] = {}
    if asked.contributions:
        means = row.training.get("term_means")
        if means is None:
            message = "this version keeps no means of training rows; train one, or edit it with its data set"
            raise errors.InvalidParameter("contributions", message, "no_training_means")
        found["contributions"] = contributions_part(explanations.contributions(model, answer.read, np.array(means)))
    if asked.gradient:
        found["gradient"] = gradient_part(explanations.gradient(model, answer.read))
    if asked.interval is not None:
        found["interval"] = interval_part(intervals(row, answer, asked.interval), answer)
    return found


def _level(chosen: Mapping[str, str]) -> float | None:
    if "interval" not in chosen:
        return None
    text = chosen["interval"]
    if not _LEVEL.fullmatch(text) or not 0 < float(text) < 1:
        raise errors.InvalidParameter("interval", "expected a number between 0 and 1, such as 0.9")
    return float(text)


def _flag(chosen: Mapping[str, str], option: str) -> bool:
    word = chosen.get(option, "false").lower()
    if word not in _WORDS:
        raise errors.InvalidParameter(option, "expected true or false")
    return _WORDS[word]
