"""Whether a compiled loop may take tensors: it records no gradient and carries no tangent."""

import torch
from torch import Tensor
from torch.autograd import forward_ad


def recorded(*tensors: Tensor) -> bool:
    """Whether a gradient is recorded through any of these, or a transform of torch.func acts.

    A tangent of forward mode counts as well.
    """
    wrapped = torch._C._functorch.is_functorch_wrapped_tensor
    asked = torch.is_grad_enabled() and any(part.requires_grad for part in tensors)
    dual = forward_ad._current_level >= 0 and any(map(_has_tangent, tensors))
    return asked or dual or any(wrapped(part) for part in tensors)


def _has_tangent(tensor: Tensor) -> bool:
    return forward_ad.unpack_dual(tensor).tangent is not None
