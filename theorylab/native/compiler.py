"""Compile the C sources of this folder once for each machine, and load them.

The library lies in a cache folder of the user, under a name made from the sources, the flags and
what the compiler says about the processor, so that another processor, compiler or version never
loads it. It is written under another name and renamed, so that processes may compile at once.

Flags: nothing that changes the meaning of arithmetic, such as -ffast-math, which also switches
denormal numbers off for the whole process. Contraction to fused multiply-add is allowed.
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path

SOURCES = ("mixture.c",)
_HERE = Path(__file__).resolve().parent
_FLAGS = ("-O3", "-std=gnu11", "-fPIC", "-shared", "-fno-math-errno", "-fno-trapping-math")
_TUNINGS = (("-march=native", "-mprefer-vector-width=512"), ("-march=native",), ())
_SECONDS = 120


class _Unavailable(Exception):
    """Why there is no compiled library."""


@cache
def library() -> ctypes.CDLL | None:
    """The compiled library, or None; the first call of a process may compile, in some ten seconds.

    A warning says once why there is none, unless THEORYLAB_NATIVE=0 asked for that.
    """
    if os.environ.get("THEORYLAB_NATIVE") == "0":
        return None
    try:
        return ctypes.CDLL(str(_compiled(_compiler())))
    except (_Unavailable, OSError, subprocess.SubprocessError) as error:
        msg = f"compiled kernels are not available, torch is used instead (slower): {error}"
        warnings.warn(msg, RuntimeWarning, stacklevel=2)
        return None


def description() -> str:
    """One line on what evaluates the kernels: the compiler, or torch."""
    if library() is None:
        return "torch"
    return _version(_compiler())


def cache_folder() -> Path:
    """THEORYLAB_CACHE, or `theorylab` in the user's cache folder."""
    named = os.environ.get("THEORYLAB_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "theorylab"


def _compiler() -> str:
    names = [os.environ.get("CC", ""), "cc", "gcc", "clang"]
    for name in filter(None, names):
        found = shutil.which(name)
        if found:
            return found
    msg = f"no C compiler found; tried {', '.join(filter(None, names))}"
    raise _Unavailable(msg)


def _compiled(compiler: str) -> Path:
    """The library file, compiled if it is not in the cache."""
    last = "nothing was tried"
    for tuning in _TUNINGS:
        target = cache_folder() / f"native-{_key(compiler, tuning)}.so"
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        failed = _compile(compiler, tuning, target)
        if failed is None:
            return target
        last = failed
    msg = f"{Path(compiler).name} could not compile the sources: {last}"
    raise _Unavailable(msg)


def _compile(compiler: str, tuning: tuple[str, ...], target: Path) -> str | None:
    """Compile to `target`, atomically; the compiler's last words if it failed."""
    handle, unfinished = tempfile.mkstemp(dir=target.parent, suffix=".so")
    os.close(handle)
    try:
        sources = [str(_HERE / name) for name in SOURCES]
        command = [compiler, *_FLAGS, *tuning, *sources, "-o", unfinished, "-lm"]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if done.returncode != 0:
            return done.stderr.strip()[-300:]
        os.replace(unfinished, target)
        return None
    finally:
        Path(unfinished).unlink(missing_ok=True)


def _key(compiler: str, tuning: tuple[str, ...]) -> str:
    """A name for the sources, the flags, the compiler and the processor."""
    digest = hashlib.sha256(sys.platform.encode())
    for file in sorted(_HERE.glob("*.[ch]")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    digest.update("\0".join((*_FLAGS, *tuning, _version(compiler))).encode())
    digest.update(_asked(compiler, *tuning, "-dM", "-E", "-x", "c", os.devnull).encode())
    return digest.hexdigest()[:16]


@cache
def _version(compiler: str) -> str:
    return _asked(compiler, "--version").partition("\n")[0]


@cache
def _asked(compiler: str, *options: str) -> str:
    """What the compiler says; -dM -E lists its macros, which name the processor's abilities."""
    done = subprocess.run(
        [compiler, *options], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    return done.stdout
