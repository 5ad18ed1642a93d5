"""jaxKAN: its spline layer under jit."""

from __future__ import annotations

import jax
from flax import nnx
from jax import numpy as jnp
from jaxkan.models.KAN import KAN

from peers.timing import Array, TimedBench


def bench(variant: str, path: str | None) -> TimedBench:
    """Gives the bench."""
    return TimedBench(JaxModel)


class JaxModel:
    """A jaxKAN network with its rows."""

    def __init__(self, widths: list[int], grid: int, x: Array, y: Array) -> None:
        network = KAN(widths, "spline", {"k": 3, "G": grid})
        # Split once: nnx's own jit would walk the modules again at every call.
        definition, self._parameters, rest = nnx.split(network, nnx.Param, ...)
        self._x, self._y = jnp.asarray(x), jnp.asarray(y)
        self._forward = jax.jit(lambda parameters, x: nnx.merge(definition, parameters, rest)(x))
        self._gradient = jax.jit(
            jax.value_and_grad(lambda parameters, x, y: jnp.mean((self._forward(parameters, x) - y) ** 2))
        )

    def step(self) -> object:
        """Forward, mean squared error, gradients of all parameters."""
        return jax.block_until_ready(self._gradient(self._parameters, self._x, self._y))

    def predict(self) -> object:
        """Forward alone."""
        return self._forward(self._parameters, self._x).block_until_ready()
