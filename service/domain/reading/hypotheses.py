"""Hypotheses put to a version: does a target split into parts, does it know two columns only together?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from kan.effects import input_columns
from kan.encoding import ClassOutput, NumberInput, decode, encode
from kan.hypotheses import Axis, Separability, Symmetry, separability_scores, symmetry_scores
from kan.split import Part
from service.domain.errors import InvalidHypothesis
from service.domain.model_cache import LoadedModel
from service.domain.version_rows import version_rows
from service.store.tables import VersionRow

Kind = Separability | Symmetry
SEPARABILITIES: tuple[Separability, ...] = ("additive", "multiplicative")
SYMMETRIES: tuple[Symmetry, ...] = ("sum", "difference", "product", "ratio")
MAX_ROWS = 1_000
_SIGNS = {"sum": "+", "difference": "-", "product": "*", "ratio": "/"}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Hypothesis:
    """What is asked: `kind` is of `SEPARABILITIES` or of `SYMMETRIES`."""

    test: Literal["separability", "symmetry"]
    inputs: Sequence[str]
    kind: Kind
    threshold: float = 0.01


@dataclass(frozen=True)
class OutputVerdict:
    """The answer for one output; a score is None where the output does not depend on what is asked about."""

    output: str
    score: float | None
    holds: bool
    verdict: str


@dataclass(frozen=True)
class Verdicts:
    """The answer for each output, the number of rows, and in words why they were drawn if they were."""

    outputs: list[OutputVerdict]
    rows: int
    drawn: str | None


def tested(session: Session, version: VersionRow, model: LoadedModel, asked: Hypothesis) -> Verdicts:
    """Gives whether a hypothesis holds for each output, in the user's units; of classes for their logits.

    Raises:
        InvalidHypothesis: columns that the version does not read, too few or too many of them, or no numbers.
        StoredDataDamaged: the bytes of the data set or of the split.
    """
    _check(model, asked)
    rows = version_rows(session, version, model.state, MAX_ROWS).of(Part.TRAIN)
    if len(rows.parts) < 2:
        raise InvalidHypothesis("/inputs", "expected a version with at least two training rows")
    x = encode(model.encoding, rows.table)
    with np.errstate(all="ignore"):
        scores = _scores(model, asked, x)
    names = model.encoding.output_names
    outputs = [_verdict(asked, name, float(score)) for name, score in zip(names, scores, strict=True)]
    return Verdicts(outputs, len(x), rows.drawn)


def _scores(model: LoadedModel, asked: Hypothesis, x: Floats) -> Floats:
    if asked.kind in SEPARABILITIES:
        places = [place for name in asked.inputs for place in input_columns(model.state)[name]]
        return separability_scores(lambda rows: _predicted(model, rows), x, places, asked.kind)
    assert asked.kind in SYMMETRIES
    first, second = (_axis(model, name) for name in asked.inputs)
    return symmetry_scores(lambda rows: _predicted(model, rows), x, first, second, asked.kind)


def _predicted(model: LoadedModel, x: Floats) -> Floats:
    raw = model.predictor.evaluate(x)
    return raw if isinstance(model.encoding.outputs[0], ClassOutput) else decode(model.encoding, raw)


def _check(model: LoadedModel, asked: Hypothesis) -> None:
    columns = input_columns(model.state)
    unknown = [place for place, name in enumerate(asked.inputs) if name not in columns]
    if unknown:
        raise InvalidHypothesis(f"/inputs/{unknown[0]}", "expected a column that the version reads")
    if len(set(asked.inputs)) < len(asked.inputs):
        raise InvalidHypothesis("/inputs", "expected each column once")
    if asked.kind not in (SEPARABILITIES if asked.test == "separability" else SYMMETRIES):
        raise InvalidHypothesis("/kind", f"expected a kind of {asked.test}")
    if asked.test == "separability" and not 0 < len(asked.inputs) < len(columns):
        raise InvalidHypothesis("/inputs", "expected some of the columns that the version reads, not all of them")
    if asked.test == "symmetry":
        if len(asked.inputs) != 2:
            raise InvalidHypothesis("/inputs", "expected two columns")
        for name in asked.inputs:
            _axis(model, name)


def _axis(model: LoadedModel, name: str) -> Axis:
    for place, item in enumerate(model.encoding.inputs):
        if isinstance(item, NumberInput) and item.column == name:
            return Axis(place, item.shift, item.scale)
    raise InvalidHypothesis("/inputs", "expected number columns")


def _verdict(asked: Hypothesis, output: str, score: float) -> OutputVerdict:
    if not np.isfinite(score):
        words = f"{output} does not vary with them, or has no value in some rows: nothing can be said"
        return OutputVerdict(output, None, False, words)
    holds = score <= asked.threshold
    return OutputVerdict(output, score, holds, _words(asked, output, holds))


def _words(asked: Hypothesis, output: str, holds: bool) -> str:
    if asked.test == "symmetry":
        pair = f" {_SIGNS[asked.kind]} ".join(asked.inputs)
        return f"{output} {'depends' if holds else 'does not depend'} on {' and '.join(asked.inputs)} only by {pair}"
    group = ", ".join(asked.inputs)
    whole = "sum" if asked.kind == "additive" else "product"
    return f"{output} is {'' if holds else 'not '}a {whole} of a function of {group} and one of the other columns"
