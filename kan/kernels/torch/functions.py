"""The library's functions on tensors, with their slopes: the same names and values as `kan.symbolic.functions`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from kan.symbolic.bessel import bessel
from kan.symbolic.slopes import value_and_slope
from kan.symbolic.written import is_written, written_root


@dataclass(frozen=True)
class TorchFunction:
    """Value and slope of one function; not finite outside its domain."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]


def function_values(x: Float[Tensor, "rows n"], functions: Sequence[str]) -> Float[Tensor, "rows n"]:
    """Gives function n of column n; differentiable once."""
    result: Tensor = _Applied.apply(x, tuple(functions))  # type: ignore[no-untyped-call]
    return result


def function_slopes(x: Float[Tensor, "rows n"], functions: Sequence[str]) -> Float[Tensor, "rows n"]:
    """Gives the slope of function n at column n."""
    return _by_column(x, functions, "slope")


class _Applied(torch.autograd.Function):
    """Backward by the slopes of the table: torch has none of its own for j0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, functions: tuple[str, ...]) -> Tensor:
        ctx.save_for_backward(x)
        ctx.functions = functions
        return _by_column(x, functions, "value")

    @staticmethod
    def backward(ctx: Any, *pulls: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return pulls[0] * function_slopes(x, ctx.functions), None


def _by_column(x: Tensor, functions: Sequence[str], part: str) -> Tensor:
    """Evaluates the columns of the same function together."""
    result = torch.empty_like(x)
    for name in dict.fromkeys(functions):
        columns = [at for at, function in enumerate(functions) if function == name]
        result[:, columns] = getattr(_function_named(name), part)(x[:, columns])
    return result


def _function_named(name: str) -> TorchFunction:
    """Gives a function of the table, or the one that an expression of x is."""
    if not is_written(name):
        return FUNCTIONS[name]
    root = written_root(name)
    return TorchFunction(
        lambda x: value_and_slope(root, x, FUNCTIONS)[0], lambda x: value_and_slope(root, x, FUNCTIONS)[1]
    )


def _power(exponent: int) -> TorchFunction:
    return TorchFunction(lambda x: x**exponent, lambda x: exponent * x ** (exponent - 1))


def _inverse_power(exponent: int) -> TorchFunction:
    return TorchFunction(lambda x: 1.0 / x**exponent, lambda x: -exponent / x ** (exponent + 1))


def _sigmoid_slope(x: Tensor) -> Tensor:
    gate = torch.sigmoid(x)
    return gate * (1.0 - gate)


FUNCTIONS: Mapping[str, TorchFunction] = {
    "x": TorchFunction(lambda x: x, torch.ones_like),
    **{f"x^{k}": _power(k) for k in range(2, 6)},
    "1/x": _inverse_power(1),
    **{f"1/x^{k}": _inverse_power(k) for k in range(2, 6)},
    "sqrt": TorchFunction(torch.sqrt, lambda x: 0.5 / torch.sqrt(x)),
    "1/sqrt": TorchFunction(lambda x: 1.0 / torch.sqrt(x), lambda x: -0.5 / (x * torch.sqrt(x))),
    "exp": TorchFunction(torch.exp, torch.exp),
    "log": TorchFunction(torch.log, lambda x: 1.0 / x),
    "abs": TorchFunction(torch.abs, torch.sign),
    "sin": TorchFunction(torch.sin, torch.cos),
    "cos": TorchFunction(torch.cos, lambda x: -torch.sin(x)),
    "tan": TorchFunction(torch.tan, lambda x: 1.0 + torch.tan(x) ** 2),
    "tanh": TorchFunction(torch.tanh, lambda x: 1.0 - torch.tanh(x) ** 2),
    "sigmoid": TorchFunction(torch.sigmoid, _sigmoid_slope),
    "sgn": TorchFunction(torch.sign, torch.zeros_like),
    "arcsin": TorchFunction(torch.arcsin, lambda x: 1.0 / torch.sqrt(1.0 - x**2)),
    "arccos": TorchFunction(torch.arccos, lambda x: -1.0 / torch.sqrt(1.0 - x**2)),
    "arctan": TorchFunction(torch.arctan, lambda x: 1.0 / (1.0 + x**2)),
    "arctanh": TorchFunction(torch.arctanh, lambda x: 1.0 / (1.0 - x**2)),
    "gaussian": TorchFunction(lambda x: torch.exp(-(x**2)), lambda x: -2.0 * x * torch.exp(-(x**2))),
    # Torch's own is only exact to 5e-12.
    "j0": TorchFunction(lambda x: bessel(0, x, torch), lambda x: -bessel(1, x, torch)),
}
