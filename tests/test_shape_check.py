"""The shape check of conftest.py is on: a result of another type than declared is an error."""

import pytest
import torch
from jaxtyping import TypeCheckError

from theorylab.diffusion import GaussianMixture


def test_a_result_that_is_not_what_was_declared_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    mixture = GaussianMixture.pair(1.0, 1.0)
    monkeypatch.setattr(torch, "softmax", lambda x, dim: x.argmax(dim))
    with pytest.raises(TypeCheckError):
        mixture.responsibilities(torch.zeros(3, 1))
