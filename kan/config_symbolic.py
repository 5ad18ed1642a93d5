"""The stages of a recipe that look for formulas, checked on construction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from kan.config_checks import check_int, check_new_function, check_range
from kan.errors import InvalidConfig


@dataclass(frozen=True)
class Discover:
    """Find out which inputs are added, which multiplied, by fitting every small structure.

    Attributes:
        starts: random starts of a structure.
        tries: of the most promising structures so many become formulas.
    """

    stage: ClassVar[str] = "discover"
    starts: int = 4
    tries: int = 6

    def __post_init__(self) -> None:
        check_int("starts", self.starts, 1, 20)
        check_int("tries", self.tries, 1, 50)


@dataclass(frozen=True)
class Symbolify:
    """Turn splines into formulas, one edge at a time, while the validation rows do not mind.

    Attributes:
        library: functions to try, names or expressions of x; None = all of the library that differ from each other.
        r2_threshold: share of an edge's variance that a function must explain to be tried at all.
        complexity_weight: what one more operation must save, in tenths of a bit of unexplained variance.
        negligible: RMSE on the validation rows, in standard deviations of the target, that no one minds.
    """

    stage: ClassVar[str] = "symbolify"
    library: tuple[str, ...] | None = None
    r2_threshold: float = 0.0
    complexity_weight: float = 0.2
    negligible: float = 1e-3

    def __post_init__(self) -> None:
        if self.library is not None:
            if isinstance(self.library, str) or not isinstance(self.library, Sequence) or not self.library:
                raise InvalidConfig("library", "expected a list of functions")
            object.__setattr__(self, "library", tuple(self.library))
            for name in self.library:
                check_new_function("library", name)
        check_range("r2_threshold", self.r2_threshold, 0.0, 1.0)
        check_range("complexity_weight", self.complexity_weight, 0.0, 1.0)
        check_range("negligible", self.negligible, 0.0, 1.0)
