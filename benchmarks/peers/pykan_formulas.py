"""pykan's way to a formula: sparse training, pruning, `auto_symbolic`, one more fit, as its first example goes."""

from __future__ import annotations

import tempfile
import time

import numpy as np
import sympy
import torch

from kan import KAN

CHECKPOINTS = tempfile.TemporaryDirectory()


def bench(variant: str, path: str | None) -> PykanFormulas:
    """Gives the bench."""
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    return PykanFormulas()


class PykanFormulas:
    """[inputs, 5, 1], grid 3, lamb 0.01 and the steps of its first example."""

    def formula(
        self, names: list[str], x: list[list[float]], y: list[float], seed: int, limit_seconds: float
    ) -> dict[str, object]:
        """Gives the formula's text and CPU seconds."""
        started = time.process_time()
        rows, target = torch.tensor(np.array(x)), torch.tensor(np.array(y))[:, None]
        data = {"train_input": rows, "train_label": target, "test_input": rows[:10], "test_label": target[:10]}
        model = KAN(width=[len(names), 5, 1], grid=3, k=3, seed=seed, auto_save=False, ckpt_path=CHECKPOINTS.name)
        model.fit(data, opt="LBFGS", steps=50, lamb=0.01)
        model = model.prune()
        model.fit(data, opt="LBFGS", steps=50)
        model.auto_symbolic()
        model.fit(data, opt="LBFGS", steps=50)
        text = sympy.sstr(model.symbolic_formula(var=names)[0][0], full_prec=True)
        return {"formula": text, "seconds": time.process_time() - started}
