r"""Weights and training states on disk: written aside and moved into place, checked when read.

A module's weights are a safetensors file, and a JSON side-car that says where they come from and
carries their SHA-256. A training state is one file with everything that a resumed run needs.

This module trains nothing and unpickles nothing: safetensors, JSON, and `weights_only` for states.
"""

import hashlib
import io
import json
import math
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path as File
from typing import Any

import torch
from safetensors.torch import load as parse_tensors
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor, nn

from theorylab import _require

SHIPPED = File(__file__).parent / "weights"
"""The weights that come with the package; see `shipped`."""


@dataclass(frozen=True)
class Card:
    """Where weights come from.

    Attributes:
        recipe: the name of the recipe that made them.
        seed: of the initial weights and of all draws.
        steps: of the optimiser.
        first_losses: the losses of the first steps, which a retraining can be compared with.
        mean_losses: means of the losses over equal stretches of the run.
        details: numbers and words of the recipe, as JSON values.
        versions: of Python and torch at the time.
        sha256: of the safetensors file; filled in by `save_weights`.

    Raises:
        ValueError: an empty recipe, a negative seed or number of steps, a loss that is not finite.
    """

    recipe: str
    seed: int
    steps: int
    first_losses: tuple[float, ...] = ()
    mean_losses: tuple[float, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.recipe, str) or not self.recipe:
            msg = f"recipe must be a non-empty name, got {self.recipe!r}"
            raise ValueError(msg)
        _require.integer("seed", self.seed, at_least=0)
        _require.integer("steps", self.steps, at_least=0)
        for name in ("first_losses", "mean_losses"):
            losses = tuple(getattr(self, name))
            if not all(isinstance(x, int | float) and math.isfinite(x) for x in losses):
                msg = f"{name} must be finite numbers, got {losses!r}"
                raise ValueError(msg)
            object.__setattr__(self, name, losses)


def save_weights(module: nn.Module, path: str | File, card: Card) -> Card:
    """Write `path` (.safetensors) and its side-car (.json); return the card with its SHA-256.

    Each file appears whole or not at all. A run that ends between the two leaves weights that do
    not fit their side-car, which `load_weights` refuses.

    Raises:
        ValueError: a name that does not end in .safetensors, or a weight that is not finite.
    """
    target = _weights_path(path)
    state = {name: value.detach().cpu().contiguous() for name, value in _state(module).items()}
    for name, value in state.items():
        _require.array(f"weight {name}", value.double() if value.is_floating_point() else 0.0)
    data = tensors_to_bytes(state)
    versions = {"python": platform.python_version(), "torch": str(torch.__version__)}
    written = replace(card, sha256=hashlib.sha256(data).hexdigest(), versions=versions)
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(written), indent=1, allow_nan=False) + "\n"
    _write(target, lambda file: file.write_bytes(data))
    _write(target.with_suffix(".json"), lambda file: file.write_text(text, encoding="utf-8"))
    return written


def read_card(path: str | File) -> Card:
    """The side-car of the weights at `path` (.safetensors).

    Raises:
        ValueError: no side-car, or one that is not a card.
    """
    file = _existing(_weights_path(path).with_suffix(".json"))
    try:
        return Card(**json.loads(file.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        msg = f"path must have a side-car that is a card, got {file}: {error}"
        raise ValueError(msg) from None


def load_weights(module: nn.Module, path: str | File) -> Card:
    """Fill a module with the weights at `path`, if they are the ones that the side-car describes.

    Raises:
        ValueError: missing files, a SHA-256 other than the side-car's, or weights whose names,
            shapes or dtypes are not those of the module, which then stays as it was.
    """
    card, file = read_card(path), _existing(_weights_path(path))
    data = file.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != card.sha256:
        msg = f"path must hold the weights with sha256 {card.sha256}, got {file} with {found}"
        raise ValueError(msg)
    state, own = parse_tensors(data), _state(module)
    for name in sorted(state.keys() | own.keys()):
        kinds = [_kind(tensors.get(name)) for tensors in (own, state)]
        if kinds[0] != kinds[1]:
            msg = f"module must have {name} as {kinds[1]}, which {file} holds, got {kinds[0]}"
            raise ValueError(msg)
    module.load_state_dict(state)
    return card


def shipped(name: str) -> File:
    """The path of weights that come with the package.

    Raises:
        ValueError: no such weights; the message lists those that exist.
    """
    path = SHIPPED / f"{name}.safetensors"
    if not path.is_file():
        names = sorted(file.stem for file in SHIPPED.glob("*.safetensors"))
        msg = f"name must be one of {names}, got {name!r}"
        raise ValueError(msg)
    return path


def save_state(path: str | File, state: Mapping[str, Any]) -> None:
    """Write a training state: tensors, numbers, strings, and lists and dictionaries of these.

    The file is a SHA-256 in hexadecimal, a line break, and what torch.save writes.
    """
    target, buffer = File(path), io.BytesIO()
    torch.save(dict(state), buffer)
    data = buffer.getvalue()
    digest = hashlib.sha256(data).hexdigest().encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(target, lambda file: file.write_bytes(digest + b"\n" + data))


def load_state(path: str | File) -> dict[str, Any]:
    """Read a training state, on the CPU.

    Raises:
        ValueError: a missing file, or one whose content does not fit its SHA-256. Code in the
            file is never run: torch.load raises an error of its own.
    """
    file = _existing(File(path))
    digest, _, data = file.read_bytes().partition(b"\n")
    if hashlib.sha256(data).hexdigest().encode() != digest:
        msg = f"path must hold an unchanged training state, got {file}, which fails its sha256"
        raise ValueError(msg)
    return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)


def _write(target: File, write: Callable[[File], object]) -> None:
    """Write aside, flush to the disk, and move into place in one step."""
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        write(aside)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def _weights_path(path: str | File) -> File:
    file = File(path)
    if file.suffix != ".safetensors":
        msg = f"path must end in .safetensors, got {str(path)!r}"
        raise ValueError(msg)
    return file


def _existing(file: File) -> File:
    if not file.is_file():
        msg = f"path must be an existing file, got {file}"
        raise ValueError(msg)
    return file


def _state(module: nn.Module) -> dict[str, Tensor]:
    if not isinstance(module, nn.Module):
        msg = f"module must be a torch.nn.Module, got {module!r}"
        raise ValueError(msg)
    return module.state_dict()


def _kind(value: Tensor | None) -> str:
    return "nothing" if value is None else f"{value.dtype} of shape {tuple(value.shape)}"
