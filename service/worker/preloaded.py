"""Imported by the fork server alone: what training needs is in memory before the first job comes."""

from __future__ import annotations

import gc

from kan.kernels.cpu.warm import warm
from service.domain import comparing, training
from service.domain.predict_jobs import run
from service.worker import child

__all__ = ["child", "comparing", "run", "training"]

# Most of a second, nearly all of it for numba to find its own modules: each training process would pay it again. No
# torch here: a fork after its first backward pass could not run another.
warm()
# The collector would write to every page that the processes share.
gc.collect()
gc.freeze()
