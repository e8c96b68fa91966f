"""Tensors that say they lie on a CUDA device and hold their numbers on the host.

An operation that mixes them with tensors of the host raises, as on a device; a number of no
dimension may come from the host. Reading a value is counted in `WAITS`: there a device waits.
What needs the device itself, a generator of it say, cannot be simulated.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

CUDA = torch.device("cuda", 0)
ATEN = torch.ops.aten
MAY_MIX = {ATEN.copy_.default, ATEN._to_copy.default}
WAITS = [0]


class OnDevice(Tensor):
    """A tensor on the device."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "OnDevice":
        made = Tensor._make_wrapper_subclass(
            cls, held.size(), strides=held.stride(), storage_offset=held.storage_offset(),
            dtype=held.dtype, layout=held.layout, device=CUDA, requires_grad=held.requires_grad,
        )  # fmt: skip
        made.held = held
        return made

    def __repr__(self) -> str:  # type: ignore[override]
        return f"OnDevice({self.held})"

    def tolist(self) -> Any:
        """The numbers, for which the device is waited for."""
        WAITS[0] += 1
        return self.held.tolist()

    def __float__(self) -> float:
        """The number, likewise."""
        return float(self.tolist())

    def __int__(self) -> int:
        """The number, likewise."""
        return int(self.tolist())

    def __bool__(self) -> bool:
        """The number, likewise."""
        return bool(self.tolist())

    __index__ = __int__

    def contiguous(self, **_: Any) -> Tensor:  # type: ignore[override]
        """Its numbers in order."""
        return self if self.held.is_contiguous() else OnDevice(self.held.contiguous())

    def __invert__(self) -> Tensor:
        """Not."""
        return OnDevice(~self.held)

    def __getitem__(self, index: Any) -> Tensor:
        """Part of it; indices may come from the host."""
        return OnDevice(self.held[tree_map(unwrapped, index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        """A value of the host is copied only where no tensor is an index."""
        tensors = [part for part in tree_flatten(index)[0] if isinstance(part, Tensor)]
        if tensors and type(value) is Tensor and value.ndim:
            msg = "index_put_: values on cpu, self on cuda:0"
            raise RuntimeError(msg)
        self.held[tree_map(unwrapped, index)] = unwrapped(value)

    def numpy(self, **_: Any) -> Any:
        """As on a device."""
        msg = "can't convert cuda:0 device type tensor to numpy"
        raise TypeError(msg)

    __array__ = numpy

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, _: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return applied(func, args, kwargs or {})


def applied(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """The operation on the held tensors; its result is on the device if its arguments are."""
    given = [part for part in tree_flatten((args, kwargs))[0] if isinstance(part, Tensor)]
    there = [part for part in given if isinstance(part, OnDevice)]
    here = [part for part in given if not isinstance(part, OnDevice) and part.ndim]
    if there and here and func not in MAY_MIX and func is not ATEN.index.Tensor:
        msg = f"{func}: tensors on cuda:0 and of shapes {[tuple(p.shape) for p in here]} on cpu"
        raise RuntimeError(msg)
    if func is ATEN.index.Tensor and not isinstance(args[0], OnDevice) and there:
        msg = "indices should be on the same device as the indexed tensor (cpu)"
        raise RuntimeError(msg)
    if func in (ATEN._local_scalar_dense.default, ATEN.nonzero.default, ATEN.equal.default):
        WAITS[0] += bool(there)
    wanted = kwargs.get("device")
    stays = bool(there) if wanted is None else torch.device(wanted).type == "cuda"
    if func is ATEN.copy_.default:
        args[0].held.copy_(unwrapped(args[1])) if there and isinstance(args[0], OnDevice) else (
            args[0].copy_(unwrapped(args[1]))
        )
        return args[0]
    kwargs = {**kwargs, "device": torch.device("cpu")} if wanted is not None else kwargs
    out = func(*tree_map(unwrapped, args), **tree_map(unwrapped, kwargs))
    if func._schema.is_mutable and there and len(func._schema.returns) == 1:
        target = kwargs.get("out", args[0] if args else None)
        return target if isinstance(target, Tensor) else out
    return (
        tree_map(lambda part: OnDevice(part) if type(part) is Tensor else part, out)
        if (stays)
        else out
    )


def unwrapped(part: Any) -> Any:
    """The tensor that is held."""
    return part.held if isinstance(part, OnDevice) else part


def _nonzero(plain: Callable[..., Tensor], part: Tensor) -> Tensor:
    """Its binding asks for the device before an operation can be caught."""
    if not isinstance(part, OnDevice):
        return plain(part)
    WAITS[0] += 1
    return OnDevice(plain(part.held))


def _tensor(plain: Callable[..., Tensor], *args: Any, device: Any = None, **words: Any) -> Tensor:
    """Likewise: it fills memory of the device from the host."""
    made = plain(*args, **words)
    return OnDevice(made) if device is not None and torch.device(device).type == "cuda" else made


class _Makers(TorchDispatchMode):
    """Catch what makes tensors on the device from nothing, or carries some there."""

    def __torch_dispatch__(
        self, func: Any, _: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        words = kwargs or {}
        wanted = words.get("device")
        given = tree_flatten((args, words))[0]
        there = any(isinstance(part, OnDevice) for part in given)
        if there or (wanted is not None and torch.device(wanted).type == "cuda"):
            return applied(func, args, words)
        return func(*args, **words)


@contextmanager
def simulated() -> Iterator[Callable[[Tensor], Tensor]]:
    """Within, tensors may be made on "cuda"; yields what carries a tensor there."""
    patch = pytest.MonkeyPatch()
    patch.setattr(torch.cuda, "_lazy_init", lambda: None)
    nonzero, tensor = torch.nonzero, torch.tensor
    patch.setattr(torch, "nonzero", lambda part: _nonzero(nonzero, part))
    patch.setattr(torch, "tensor", lambda *args, **words: _tensor(tensor, *args, **words))
    torch._C._ensureCUDADeviceGuardSet()
    WAITS[0] = 0
    try:
        with _Makers():
            yield OnDevice
    finally:
        patch.undo()
