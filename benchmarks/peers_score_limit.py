"""W1: the least work, C with K, d and the variance of one mixture known to the compiler."""

import ctypes
import functools
import math
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from theorylab.diffusion import GaussianMixture

LIMIT = r"""
#include <math.h>
#include <stdint.h>
#include <string.h>
static inline REAL power(REAL x) {
  REAL n = x * (REAL)1.4426950408889634 + (REAL)ROUNDER, whole = n - (REAL)ROUNDER;
  REAL r = x - whole * (REAL)0.69314718055994531;
  INTEGER bits, scale; memcpy(&bits, &n, sizeof n);
  scale = (bits << MANTISSA) + ((INTEGER)BIAS << MANTISSA);
  REAL s; memcpy(&s, &scale, sizeof s);
  return s * (SERIES);
}
void score(const REAL *restrict x, REAL *restrict out, long n, const REAL *restrict mean,
           const REAL *restrict logs, REAL half) {
  for (long b = 0; b < n; b += L) {
    REAL c[D][L], q[K][L], top[L], total[L], sum[D][L];
    long w = n - b < L ? n - b : L;
    for (long i = 0; i < L; i++)
      for (int j = 0; j < D; j++) c[j][i] = x[(b + (i < w ? i : 0)) * D + j];
    for (long i = 0; i < L; i++) top[i] = -1e30, total[i] = 0;
    for (int j = 0; j < D; j++) for (long i = 0; i < L; i++) sum[j][i] = 0;
    for (int k = 0; k < K; k++) for (long i = 0; i < L; i++) {
      REAL s = 0;
      for (int j = 0; j < D; j++) { REAL e = c[j][i] - mean[k * D + j]; s += e * e; }
      q[k][i] = logs[k] - s * half;
      top[i] = top[i] > q[k][i] ? top[i] : q[k][i];
    }
    for (int k = 0; k < K; k++) for (long i = 0; i < L; i++) {
      REAL z = q[k][i] - top[i];
      REAL r = power(z > (REAL)-80 ? z : (REAL)-80);
      total[i] += r;
      for (int j = 0; j < D; j++) sum[j][i] += r * mean[k * D + j];
    }
    for (long i = 0; i < w; i++) for (int j = 0; j < D; j++)
      out[(b + i) * D + j] = (sum[j][i] / total[i] - c[j][i]) * 2 * half;
  }
}
"""
"""The least work: K, d and one variance known to the compiler, and sums of products."""


def fixed_score(mixture: GaussianMixture) -> Callable[[Tensor], Tensor]:
    """`LIMIT`, compiled for this mixture."""
    function, real = _fixed(mixture.K, mixture.d, mixture.means.dtype == torch.float32)
    means, logs = mixture.means.contiguous(), mixture.weights.log()
    half = real(1 / (2 * float(mixture.variance)))

    def score(x: Tensor) -> Tensor:
        out = torch.empty_like(x)
        at, to, centre, constant = (
            ctypes.c_void_p(part.data_ptr()) for part in (x, out, means, logs)
        )
        function(at, to, ctypes.c_long(len(x)), centre, constant, half)
        return out

    return score


@functools.cache
def _fixed(modes: int, d: int, single: bool) -> tuple[Any, Any]:
    terms = 7 if single else 13
    series = f"(REAL){1 / math.factorial(terms)!r}"
    for k in reversed(range(terms)):
        series = f"((REAL){1 / math.factorial(k)!r}+r*{series})"
    number = {
        "REAL": "float",
        "INTEGER": "int32_t",
        "MANTISSA": 23,
        "BIAS": 127,
        "ROUNDER": "12582912.0",
    }
    if not single:
        number = {
            "REAL": "double",
            "INTEGER": "int64_t",
            "MANTISSA": 52,
            "BIAS": 1023,
            "ROUNDER": "6755399441055744.0",
        }
    defined = {**number, "SERIES": series, "K": modes, "D": d, "L": 64}
    folder = Path(tempfile.mkdtemp())
    (folder / "limit.c").write_text(LIMIT)
    options = [f"-D{name}={value}" for name, value in defined.items()]
    flags = [
        "-O3",
        "-march=native",
        "-mprefer-vector-width=512",
        "-fno-math-errno",
        "-fno-trapping-math",
    ]
    command = [
        "cc",
        *flags,
        *options,
        "-shared",
        "-fPIC",
        str(folder / "limit.c"),
        "-o",
        str(folder / "limit.so"),
    ]
    subprocess.run(command, check=True)
    return ctypes.CDLL(
        str(folder / "limit.so")
    ).score, ctypes.c_float if single else ctypes.c_double
