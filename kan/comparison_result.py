"""The result of a comparison: means and spreads over the seeds, which side to take by written-down rules, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kan.comparison_sides import BASELINES, FORMULA, KAN, LINEAR, MLP_PARAMETERS, MLP_TIME, Measurement

# The most readable first: of sides that predict alike the first is advised.
READABLE = (LINEAR, FORMULA, KAN, MLP_PARAMETERS, MLP_TIME)
NAMES = {
    KAN: "the KAN",
    FORMULA: "the formula",
    LINEAR: "the linear model",
    MLP_PARAMETERS: "the MLP of equal parameters",
    MLP_TIME: "the MLP of equal time",
}
LOSSES = {"rmse": "RMSE", "log_loss": "log-loss"}
# A mean difference below the spread of the differences, or below this share of the smaller loss, is no difference.
SMALLEST_SHARE = 0.02
# Without a spread (one seed) only this much is one.
SHARE_OF_ONE_SEED = 0.1
# A formula with more nodes says no more than curves do.
READABLE_COMPLEXITY = 100


@dataclass(frozen=True)
class Spread:
    """A number over the seeds: mean, standard deviation (None of one seed), and the number of each seed.

    A seed without the number (R2 of a target that does not vary) makes the mean None.
    """

    values: tuple[float | None, ...]

    @property
    def mean(self) -> float | None:
        """The mean."""
        known = [value for value in self.values if value is not None]
        return float(np.mean(known)) if len(known) == len(self.values) else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of a sample."""
        known = [value for value in self.values if value is not None]
        return float(np.std(known, ddof=1)) if len(known) == len(self.values) > 1 else None

    def to_json(self) -> dict[str, Any]:
        """Writes it."""
        return {"mean": self.mean, "spread": self.deviation, "values": list(self.values)}


@dataclass(frozen=True)
class ComparisonResult:
    """All measurements of the seeds for which every side was measured.

    Attributes:
        seeds: in order.
        sides: name -> its measurements, one a seed, in the order of the seeds.
    """

    seeds: tuple[int, ...]
    sides: dict[str, tuple[Measurement, ...]]

    @classmethod
    def of(cls, measured: Iterable[Measurement], sides: Sequence[str]) -> "ComparisonResult | None":
        """Gives the result of the seeds that are complete, None where none is."""
        found = {(item.side, item.seed): item for item in measured}
        seeds = [seed for seed in dict.fromkeys(seed for _, seed in found) if all((s, seed) in found for s in sides)]
        if not seeds:
            return None
        return cls(tuple(seeds), {side: tuple(found[side, seed] for seed in seeds) for side in sides})

    @property
    def loss(self) -> str:
        """The test score by which sides are compared: "rmse" or "log_loss"."""
        return "log_loss" if "log_loss" in self.sides[KAN][0].test else "rmse"

    def losses(self, side: str) -> tuple[float, ...]:
        """Gives the loss of every seed."""
        return tuple(float(item.test[self.loss] or 0.0) for item in self.sides[side])

    def is_formula(self, side: str) -> bool:
        """Whether the side is a formula, one that can be read, for every seed."""
        facts = [item.formula for item in self.sides[side]]
        return all(
            f is not None and not f.splines and f.complexity is not None and f.complexity <= READABLE_COMPLEXITY
            for f in facts
        )

    def to_json(self) -> dict[str, Any]:
        """Writes all of it, the advice too."""
        return {
            "compared_by": self.loss,
            "seeds": list(self.seeds),
            "sides": [self._side(name) for name in self.sides],
            "choice": choice(self),
            "advice": advice(self),
        }

    def _side(self, name: str) -> dict[str, Any]:
        items = self.sides[name]
        scores = [key for key in items[0].test if key != "rows"]
        seconds, speeds = [i.train_cpu_seconds for i in items], [i.predict_microseconds for i in items]
        side = {
            "name": name,
            "test_rows": [item.test["rows"] for item in items],
            "metrics": {key: Spread(tuple(item.test[key] for item in items)).to_json() for key in scores},
            "parameters": Spread(tuple(float(item.parameters) for item in items)).to_json(),
            "train_cpu_seconds": Spread(tuple(seconds)).to_json(),
            "predict_microseconds_per_row": Spread(tuple(speeds)).to_json(),
        }
        return side if name in BASELINES else {**side, "formulas": [_facts(item) for item in items]}


def choice(result: ComparisonResult) -> str:
    """Gives the side to take: the most readable of those that are not worse than the best one.

    A side is worse where its loss is higher by more than the spread (standard deviation over the seeds) of the
    difference on the same split, and by more than 2 %; of one seed by more than 10 %. A formula that leaves splines or
    has more than 100 nodes for any seed counts as no more readable than curves.
    """
    best = min(result.sides, key=lambda side: float(np.mean(result.losses(side))))
    return next(side for side in readable(result) if not is_worse(result.losses(side), result.losses(best)))


def readable(result: ComparisonResult) -> list[str]:
    """Gives the sides, the most readable first."""
    order = [side for side in READABLE if side in result.sides]
    if FORMULA in order and not result.is_formula(FORMULA):
        order.remove(FORMULA)
        order.insert(order.index(KAN) + 1, FORMULA)
    return order


def is_worse(losses: Sequence[float], best: Sequence[float]) -> bool:
    """Says whether losses are higher than others on the same splits, beyond their spread."""
    differences = np.subtract(losses, best)
    gap, least = float(differences.mean()), float(np.mean(best))
    if len(differences) == 1:
        return gap > SHARE_OF_ONE_SEED * least
    return gap > max(float(differences.std(ddof=1)), SMALLEST_SHARE * least)


def advice(result: ComparisonResult) -> str:
    """Gives in words which side to take and why, what the best perceptron does, and whether there is a formula."""
    chosen = choice(result)
    best = min(result.sides, key=lambda side: float(np.mean(result.losses(side))))
    told = [_reason(result, chosen, best), _about_perceptrons(result), _about_formula(result)]
    if len(result.seeds) == 1:
        told.append("One seed has no spread: differences below 10 % are taken for chance; more seeds tell more.")
    return " ".join(sentence for sentence in told if sentence)


def _reason(result: ComparisonResult, chosen: str, best: str) -> str:
    loss, name = LOSSES[result.loss], _named(result, chosen)
    if chosen != best:
        why = f"its {loss} of {_mean(result, chosen):.4g} is not worse than the lowest, {_mean(result, best):.4g} of"
        return f"Take {name}: {why} {_named(result, best)}, beyond chance, and it is easier to read."
    rest = "nothing is easier to read" if readable(result)[0] == chosen else "all that is easier to read is worse"
    return f"Take {name}: it has the lowest {loss} on the test rows, {_mean(result, best):.4g}, and {rest}."


def _named(result: ComparisonResult, side: str) -> str:
    if side == FORMULA and any(item.formula is not None and item.formula.splines for item in result.sides[side]):
        return "the network of formulas and curves"
    return NAMES[side]


def _about_perceptrons(result: ComparisonResult) -> str:
    present = [side for side in (MLP_PARAMETERS, MLP_TIME) if side in result.sides]
    if not present:
        return ""
    best = min(present, key=lambda side: _mean(result, side))
    kan, other, loss = result.losses(KAN), result.losses(best), LOSSES[result.loss]
    shown = f"({loss} {np.mean(kan):.4g} against {np.mean(other):.4g})"
    if is_worse(kan, other):
        return f"The KAN loses to {NAMES[best]} {shown}."
    if is_worse(other, kan):
        return f"The KAN beats {NAMES[best]} {shown}, the better of those that were trained."
    return f"Between the KAN and {NAMES[best]} there is no difference beyond the spread {shown}."


def _about_formula(result: ComparisonResult) -> str:
    side = FORMULA if FORMULA in result.sides else KAN
    facts = [item.formula for item in result.sides[side] if item.formula is not None]
    whole = [item for item in facts if not item.splines and item.complexity is not None]
    if not whole:
        return "There is no formula: some edges stay curves." if facts else ""
    sizes = _range([item.complexity for item in whole if item.complexity is not None])
    seeds = "" if len(whole) == len(facts) else f" for {len(whole)} of {len(facts)} seeds"
    long = "" if result.is_formula(side) or seeds else f"; above {READABLE_COMPLEXITY} it is not counted as readable"
    return f"There is a formula{seeds}, of complexity {sizes}{long}."


def _range(values: Sequence[int]) -> str:
    return str(values[0]) if min(values) == max(values) else f"{min(values)} to {max(values)}"


def _mean(result: ComparisonResult, side: str) -> float:
    return float(np.mean(result.losses(side)))


def _facts(item: Measurement) -> dict[str, Any]:
    facts = item.formula
    if facts is None:
        return {"seed": item.seed, "splines": None, "complexity": None, "text": []}
    return {"seed": item.seed, "splines": facts.splines, "complexity": facts.complexity, "text": list(facts.texts)}
