"""Kolmogorov-Arnold networks: train, read, save. Names are loaded when first used, so that reading needs no torch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kan.estimators import KanClassifier, KanRegressor
    from kan.fitting import Run, fit
    from kan.network import Kan
    from kan.state import NetworkState

__version__ = "0.1.0"

_HOMES = {
    "Kan": "kan.network",
    "KanClassifier": "kan.estimators",
    "KanRegressor": "kan.estimators",
    "NetworkState": "kan.state",
    "Run": "kan.fitting",
    "fit": "kan.fitting",
}

__all__ = ["Kan", "KanClassifier", "KanRegressor", "NetworkState", "Run", "fit"]


def __getattr__(name: str) -> Any:
    """Loads a public name from its home (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'kan' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
