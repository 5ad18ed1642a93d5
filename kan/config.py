"""Networks and stages as frozen dataclasses, checked on construction: what a recipe is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from kan.config_checks import check_bool, check_choice, check_int, check_range, check_work, product_entries
from kan.config_constraints import Constraint, named_constraints
from kan.config_sparsity import Prune, Sparsity
from kan.config_symbolic import Discover, Symbolify
from kan.errors import InvalidConfig

MAX_DEGREE = 5
MAX_GRID = 1000


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of a network between its inputs and outputs.

    Attributes:
        hidden: widths of the hidden layers; empty = additive (one edge from each input to each output).
        grid: intervals of every spline (the paper's G).
        degree: spline degree (the paper's k).
        base: "silu" (the paper's residual branch) or "zero".
        grid_eps: 1 = uniform knots, 0 = quantile knots, between = blended.
        multiply: product nodes beside those of each hidden layer: how many of two factors, or a list of how many
            factors each has. One entry more tells which of the outputs are products: so many of the last ones.
    """

    hidden: tuple[int, ...] = (5,)
    grid: int = 5
    degree: int = 3
    base: str = "silu"
    grid_eps: float = 1.0
    multiply: tuple[int | tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.hidden, Sequence) or isinstance(self.hidden, str):
            raise InvalidConfig("hidden", "expected a list of integers")
        object.__setattr__(self, "hidden", tuple(self.hidden))
        object.__setattr__(self, "multiply", product_entries(self.multiply, len(self.hidden) + 1))
        for width, arities in zip(self.hidden, self.products, strict=False):
            check_int("hidden", width, 0 if arities else 1, None)
        check_int("grid", self.grid, 1, MAX_GRID)
        check_int("degree", self.degree, 1, MAX_DEGREE)
        check_choice("base", self.base, ("silu", "zero"))
        check_range("grid_eps", self.grid_eps, 0.0, 1.0)

    @classmethod
    def of_shape(cls, widths: Sequence[int], products: Sequence[Sequence[int]], **facts: Any) -> "NetworkConfig":
        """Gives the config of a network.

        Args:
            widths: nodes of every column, inputs first.
            products: how many factors each product node has, behind every layer of edges.
            facts: grid, degree, base, grid_eps.

        Raises:
            InvalidConfig: what cannot be built.
        """
        hidden = tuple(width - len(p) for width, p in zip(widths[1:-1], products, strict=False))
        multiply = tuple(tuple(arities) for arities in (products if products[-1] else products[:-1]))
        return cls(hidden, multiply=multiply if any(multiply) else (), **facts)

    def to_json(self) -> dict[str, Any]:
        """Writes every field."""
        multiply = [list(entry) if isinstance(entry, tuple) else entry for entry in self.multiply]
        return {**vars(self), "hidden": list(self.hidden), "multiply": multiply}

    @property
    def products(self) -> tuple[tuple[int, ...], ...]:
        """How many factors each product node has, behind every layer of edges; `()` where there is none."""
        given = tuple((2,) * entry if isinstance(entry, int) else entry for entry in self.multiply)
        return given + ((),) * (len(self.hidden) + 1 - len(given))

    def widths(self, inputs: int, outputs: int) -> tuple[int, ...]:
        """Gives the nodes of every column, product nodes among them."""
        hidden = (width + len(arities) for width, arities in zip(self.hidden, self.products, strict=False))
        return (inputs, *hidden, outputs)

    def sums(self, outputs: int) -> list[int]:
        """Gives how many sums every layer of edges has: its nodes, with all factors in the place of each product."""
        widths = self.widths(0, outputs)[1:]
        return [width - len(p) + sum(p) for width, p in zip(widths, self.products, strict=True)]

    def parameters(self, input_levels: Sequence[int | None], outputs: int) -> int:
        """Gives the number of trainable numbers, in exact integers, before anything is built.

        Args:
            input_levels: per network input, its number of levels, or None for a number.
            outputs: network outputs.
        """
        per_edge = self.grid + self.degree + (1 if self.base == "silu" else 0)
        widths, sums = self.widths(len(input_levels), outputs), self.sums(outputs)
        first = sum(per_edge if levels is None else levels for levels in input_levels) * sums[0]
        return first + sum(per_edge * a * b for a, b in zip(widths[1:], sums[1:], strict=False))


@dataclass(frozen=True)
class Fit(Sparsity):
    """Train all parameters on the training rows.

    Attributes:
        optimizer: "auto" takes "lm" (Levenberg-Marquardt) for small networks, else "adam"; never "lbfgs".
        steps: accepted or refused steps at most.
        curvature: weight of the second-difference penalty; 1e-9 holds the error at 1e-4 of the target's spread.
        batch_size, learning_rate: of Adam; None = chosen from the data.
        update_grid: lay the knots of a network that is new over what reaches them, before the first step; of one that
            is trained already they stay, for the stage move_grid.
        patience: steps without a better validation loss before it stops; None = never. A sparsity penalty
            counts with the validation loss. In JSON `"early_stop": {"patience": 20}` says the same.
        constraints: shapes that edges keep from now on, instead of those they have kept so far; None = those. With
            some the optimizer is Levenberg-Marquardt, without a sparsity penalty.
    """

    stage: ClassVar[str] = "fit"
    optimizer: str = "auto"
    steps: int = 100
    curvature: float = 0.0
    batch_size: int | None = None
    learning_rate: float | None = None
    update_grid: bool = True
    patience: int | None = 20
    constraints: tuple[Constraint, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("optimizer", self.optimizer, ("auto", "lm", "lbfgs", "adam"))
        object.__setattr__(self, "constraints", named_constraints(self.constraints))
        check_range("lamb", self.lamb, 0.0, 0.0 if self.constraints else 1e6)
        if self.lamb > 0 or self.constraints:
            check_choice("optimizer", self.optimizer, ("auto", "lm"))
            object.__setattr__(self, "optimizer", "lm")
        check_int("steps", self.steps, 1, 1_000_000)
        check_range("curvature", self.curvature, 0.0, 1e6)
        if self.batch_size is not None:
            check_int("batch_size", self.batch_size, 1, 1_000_000)
        if self.learning_rate is not None:
            check_range("learning_rate", self.learning_rate, 1e-8, 10.0)
        check_bool("update_grid", self.update_grid)
        if self.patience is not None:
            check_int("patience", self.patience, 1, 1_000_000)


@dataclass(frozen=True)
class Starts:
    """Short runs from several random starts; the one with the best validation loss goes on.

    Attributes:
        count: starts at most.
        steps: of each start that is not dropped on the way.
        max_work: products of all starts at most, rows x parameters^2 a step (`kan.stages.budget`): of a dear network
            there are fewer starts. None = all of them.
    """

    stage: ClassVar[str] = "starts"
    count: int = 4
    steps: int = 30
    max_work: float | None = None

    def __post_init__(self) -> None:
        check_int("count", self.count, 1, 100)
        check_int("steps", self.steps, 1, 10_000)
        check_work(self.max_work)


@dataclass(frozen=True)
class Refine:
    """A finer grid; an integer multiple keeps the function, else `exact` must be false."""

    stage: ClassVar[str] = "refine"
    grid: int = 10
    exact: bool = True

    def __post_init__(self) -> None:
        check_int("grid", self.grid, 1, MAX_GRID)
        check_bool("exact", self.exact)


@dataclass(frozen=True)
class MoveGrid:
    """Knots follow the data that reaches each layer; the function changes a little."""

    stage: ClassVar[str] = "move_grid"


@dataclass(frozen=True)
class Extend:
    """Double the grid and fit again for as long as the validation loss gets better.

    Attributes:
        max_grid: the finest.
        steps: on each grid at most.
        max_work: products on each grid at most, as of `Starts`.
    """

    stage: ClassVar[str] = "extend"
    max_grid: int = 48
    steps: int = 60
    max_work: float | None = None

    def __post_init__(self) -> None:
        check_int("max_grid", self.max_grid, 1, MAX_GRID)
        check_int("steps", self.steps, 1, 10_000)
        check_work(self.max_work)


@dataclass(frozen=True)
class Choose:
    """Fit candidate shapes to the training rows; the validation rows pick shape and penalty.

    Attributes:
        hidden: widths of a hidden layer, of which the widest is tried that has no more parameters than there are
            training rows (half as many for classes); 0 = the additive network too.
        grids: grids to try for each.
        members: starts of each candidate with a hidden layer.
    """

    stage: ClassVar[str] = "choose"
    hidden: tuple[int, ...] = (0, 5)
    grids: tuple[int, ...] = (5,)
    members: int = 2

    def __post_init__(self) -> None:
        for name in ("hidden", "grids"):
            value = getattr(self, name)
            if not isinstance(value, Sequence) or isinstance(value, str) or not 1 <= len(value) <= 8:
                raise InvalidConfig(name, "expected a list of 1 to 8 integers")
            object.__setattr__(self, name, tuple(value))
        for width in self.hidden:
            check_int("hidden", width, 0, 100)
        for grid in self.grids:
            check_int("grids", grid, 1, 100)
        check_int("members", self.members, 1, 32)


@dataclass(frozen=True)
class Average:
    """Fit several starts, each without one fold of the rows, and join them.

    The mean of M networks [d, h, 1] is one network [d, M * h, 1].

    Attributes:
        members: at most; five of the additive network, and fewer (no less than five) the more rows there are.
    """

    stage: ClassVar[str] = "average"
    members: int = 8

    def __post_init__(self) -> None:
        check_int("members", self.members, 1, 64)


@dataclass(frozen=True)
class Refit:
    """One more fit on all rows after every choice is made; constraints as of `Fit`, `max_work` as of `Starts`."""

    stage: ClassVar[str] = "refit"
    steps: int = 20
    max_work: float | None = None
    constraints: tuple[Constraint, ...] | None = None

    def __post_init__(self) -> None:
        check_int("steps", self.steps, 1, 10_000)
        check_work(self.max_work)
        object.__setattr__(self, "constraints", named_constraints(self.constraints))


_KINDS = (Fit, Starts, Refine, MoveGrid, Extend, Choose, Average, Prune, Refit, Discover, Symbolify)
Stage = Fit | Starts | Refine | MoveGrid | Extend | Choose | Average | Prune | Refit | Discover | Symbolify
STAGES: dict[str, type[Any]] = {kind.stage: kind for kind in _KINDS}
