"""A device that is not there: its tensors live on the CPU, but mixing them with CPU tensors fails as on a GPU.

Torch's own name "meta" stands for it, because every build knows that device. Inside `pretended_device()` whatever is
made on "meta" or sent there becomes a `DeviceTensor`, which computes with real numbers. What a GPU refuses is refused:
operators over tensors of both devices (a CPU number without dimensions and CPU indices are allowed, as there), numpy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = "meta"
_CPU, _THERE = torch.device("cpu"), torch.device(DEVICE)
_INDEXED = {"aten::index", "aten::index_put_", "aten::index_put", "aten::_index_put_impl_"}
_COPIES = {"aten::_to_copy", "aten::copy_"}


class DeviceTensor(Tensor):
    """A tensor on the pretended device; its numbers are `here`, on the CPU."""

    here: Tensor

    @staticmethod
    def __new__(cls, here: Tensor) -> "DeviceTensor":
        made: DeviceTensor = Tensor._make_wrapper_subclass(
            cls, here.shape, strides=here.stride(), storage_offset=here.storage_offset(), dtype=here.dtype,
            device=_THERE, requires_grad=here.requires_grad,
        )  # fmt: skip
        made.here = here.detach()
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, operator: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _run(operator, args, kwargs or {})


class _Factories(TorchDispatchMode):
    """Sees the operators that have no tensor to tell the device by, such as torch.zeros(device=...)."""

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(operator, args, kwargs or {})


class _Literals(TorchFunctionMode):
    """Python lists become tensors, of torch.tensor or of an index, without any operator that could be seen."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if function is torch.tensor and torch.device(kwargs.get("device") or _CPU) == _THERE:
            return function(*args, **{**kwargs, "device": _CPU}).to(_THERE)
        if function in (Tensor.__getitem__, Tensor.__setitem__):
            args = (args[0], _index(args[1]), *args[2:])
        return function(*args, **kwargs)


def _index(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(_index(part) for part in index)
    return torch.tensor(index, dtype=torch.int64) if isinstance(index, list) else index


@contextmanager
def pretended_device() -> Iterator[str]:
    """Gives the name of the device, which works inside this context only."""
    with _Factories(), _Literals():  # type: ignore[no-untyped-call]
        yield DEVICE


def _run(operator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    name = operator._schema.name
    there = any(isinstance(leaf, DeviceTensor) for leaf in tree_leaves((args, kwargs)))
    if there and name not in _COPIES:
        # CUDA takes indices from the CPU; it copies them first.
        _refuse_mixture(name, tree_leaves((args[:1], args[2:]) if name in _INDEXED else (args, kwargs)))
    if kwargs.get("device") is not None:
        there = torch.device(kwargs["device"]) == _THERE
        kwargs = {**kwargs, "device": _CPU}
    result = operator(*tree_map(_here, args), **tree_map(_here, kwargs))
    if operator._schema.is_mutable:
        return kwargs.get("out", args[0])
    return tree_map(_sent_there, result) if there else result


def _refuse_mixture(name: str, leaves: list[Any]) -> None:
    for leaf in leaves:
        if isinstance(leaf, Tensor) and not isinstance(leaf, DeviceTensor) and leaf.ndim > 0:
            raise RuntimeError(f"{name}: expected all tensors on the same device, found {DEVICE} and cpu")


def _here(value: Any) -> Any:
    return value.here if isinstance(value, DeviceTensor) else value


def _sent_there(value: Any) -> Any:
    return DeviceTensor(value) if isinstance(value, Tensor) and not isinstance(value, DeviceTensor) else value
