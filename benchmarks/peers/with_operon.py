"""pyoperon: genetic programming of expressions, with the same functions that a KAN's edges have."""

from __future__ import annotations

import time

import numpy as np
from pyoperon.sklearn import SymbolicRegressor

SYMBOLS = "add,sub,mul,div,constant,variable,exp,log,sin,cos,tanh,sqrt,square"


def bench(variant: str, path: str | None) -> OperonFormulas:
    """Gives the bench."""
    return OperonFormulas()


class OperonFormulas:
    """Evolves expressions until the time is over; coefficients by its own Levenberg-Marquardt."""

    def formula(
        self, names: list[str], x: list[list[float]], y: list[float], seed: int, limit_seconds: float
    ) -> dict[str, object]:
        """Gives the model's text and CPU seconds."""
        started = time.process_time()
        regressor = SymbolicRegressor(
            allowed_symbols=SYMBOLS,
            optimizer_iterations=10,
            n_threads=1,
            max_time=int(limit_seconds),
            max_evaluations=10**9,
            generations=10**6,
            random_state=seed,
        )
        regressor.fit(np.array(x), np.array(y))
        text = regressor.get_model_string(regressor.model_, 17, names)
        return {"formula": text.replace("^", "**"), "seconds": time.process_time() - started}
