"""What makes a network sparse: the penalty of a fit, and the stage that prunes."""

from dataclasses import dataclass
from typing import ClassVar

from kan.config_checks import check_range
from kan.errors import InvalidConfig


@dataclass(frozen=True)
class Sparsity:
    """A penalty on what edges carry, `lamb * (lamb_l1 * L1 + lamb_entropy * H + lamb_coef * C + lamb_coefdiff * D)`.

    All four are free of the target's unit, see `kan.sparsity`. With `lamb` above 0 the optimizer is
    Levenberg-Marquardt; no other one takes the penalty.

    Attributes:
        lamb: weight of the whole; 0 = no penalty.
        lamb_l1, lamb_entropy: of the sum and of the entropy of the edges' shares.
        lamb_coef, lamb_coefdiff: of the sizes of the spline coefficients, and of the steps from one to the next.
    """

    lamb: float = 0.0
    lamb_l1: float = 1.0
    lamb_entropy: float = 2.0
    lamb_coef: float = 0.0
    lamb_coefdiff: float = 0.0

    def __post_init__(self) -> None:
        for name in ("lamb", "lamb_l1", "lamb_entropy", "lamb_coef", "lamb_coefdiff"):
            check_range(name, getattr(self, name), 0.0, 1e6)


@dataclass(frozen=True)
class Prune:
    """Edges that the outputs hardly need go: by thresholds of their scores, or by what the validation rows lose.

    Attributes:
        node_threshold, edge_threshold: scores on the training rows below which nodes and edges go (1 = all that one
            output varies); 0.01 and 0.03 where nothing is given.
        max_metric_loss: instead of thresholds: so much of the validation rows' R2 may be lost at most (of classes: so
            much may be added to their log-loss).
    """

    stage: ClassVar[str] = "prune"
    node_threshold: float | None = None
    edge_threshold: float | None = None
    max_metric_loss: float | None = None

    def __post_init__(self) -> None:
        thresholds = {"node_threshold": 0.01, "edge_threshold": 0.03}
        for name, default in thresholds.items():
            if self.max_metric_loss is None:
                object.__setattr__(self, name, default if getattr(self, name) is None else getattr(self, name))
                check_range(name, getattr(self, name), 0.0, 1e12)
            elif getattr(self, name) is not None:
                raise InvalidConfig(name, "expected either thresholds or max_metric_loss, got both")
        if self.max_metric_loss is not None:
            check_range("max_metric_loss", self.max_metric_loss, 0.0, 1e12)
