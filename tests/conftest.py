"""Strictness for the tests: float64 by default, and the shapes of returned tensors are checked.

What a function returns must have the jaxtyping shape that it declares. What it is given is for the
function itself to refuse, with a ValueError, so a mismatch there is not an error here.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook


class ArgumentNote(UserWarning):
    """An argument that does not fit its annotation."""


_checked = beartype(conf=BeartypeConf(is_pep484_tower=True, violation_param_type=ArgumentNote))


def returned(function: Callable[..., Any]) -> Callable[..., Any]:
    """Check what a function of `theorylab` returns; the import hook applies this to it."""
    return _checked(function)


sys.modules["theorylab_shape_check"] = sys.modules[__name__]
SHAPED = (
    "diffusion", "parity", "learn", "integrate", "path", "noise", "_legs", "_rules",
    "_exponential", "_normal",
)  # fmt: skip
install_import_hook([f"theorylab.{name}" for name in SHAPED], "theorylab_shape_check.returned")


@pytest.fixture(autouse=True)
def _double_precision() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ArgumentNote)
        yield
    torch.set_default_dtype(before)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).parent.parent
