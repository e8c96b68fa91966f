"""W3: the least work, C with the means, K and d of one mixture known to the compiler, float32.

Philox4x32-10, Box and Muller, the modes unrolled, sums of products: no row numbers beyond 2^32, no
choice of steps, one variance. It is the measure for the fused sampler and serves nobody else.
"""

import ctypes
import functools
import math
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from theorylab.diffusion import GaussianMixture

LIMIT = r"""
#include <math.h>
#include <stdint.h>
#include <string.h>
static inline float power(float x) {
  float n = x * 1.44269504f + 12582912.f, whole = n - 12582912.f, r = x - whole * 0.69314718f, s;
  int32_t bits; memcpy(&bits, &n, 4);
  bits = (bits << 23) + (127 << 23); memcpy(&s, &bits, 4);
  return s * (1+r*(1+r*(1/2.f+r*(1/6.f+r*(1/24.f+r*(1/120.f+r/720))))));
}
static inline float logarithm(float u) {
  int32_t bits; memcpy(&bits, &u, 4);
  int32_t e = (bits - 0x3F3504F3) >> 23; bits -= e << 23;
  float m; memcpy(&m, &bits, 4);
  float f = (m - 1) / (m + 1), g = f * f;
  return e * 0.69314718f + 2 * f * (1 + g * (1/3.f + g * (1/5.f + g * (1/7.f + g / 9))));
}
static inline float sine(float u) { /* of 2 pi u, |u| <= 1/2, by u - the nearest half turn */
  int32_t h = (int32_t)(2 * u + (u < 0 ? -0.5f : 0.5f));
  float x = (u - h / 2.f) * 6.28318531f, z = x * x;
  float s = x * (1 - z/6 * (1 - z/20 * (1 - z/42 * (1 - z/72))));
  return h & 1 ? -s : s;
}
void walk(const float *restrict x, float *restrict out, long n, const float *restrict scale,
          const float *restrict spread, float move, uint32_t key0, uint32_t key1) {
  static const float mean[K][D] = MEANS, logs[K] = LOGS;
  for (long b = 0; b < n; b += L) {
    float c[D][L], q[K][L];
    for (long i = 0; i < L; i++) for (int j = 0; j < D; j++) c[j][i] = x[(b + i) * D + j];
    for (uint32_t t = 0; t < STEPS; t++) {
      float top[L], total[L], sum[D][L];
      for (long i = 0; i < L; i++) top[i] = -1e30f, total[i] = 0;
      for (int j = 0; j < D; j++) for (long i = 0; i < L; i++) sum[j][i] = 0;
#pragma GCC unroll K
      for (int k = 0; k < K; k++) for (long i = 0; i < L; i++) {
        float s = 0;
        for (int j = 0; j < D; j++) { float e = c[j][i] - mean[k][j]; s += e * e; }
        q[k][i] = logs[k] - s * scale[t];
        top[i] = top[i] > q[k][i] ? top[i] : q[k][i];
      }
#pragma GCC unroll K
      for (int k = 0; k < K; k++) for (long i = 0; i < L; i++) {
        float z = q[k][i] - top[i], r = power(z > -80 ? z : -80);
        total[i] += r;
        for (int j = 0; j < D; j++) sum[j][i] += r * mean[k][j];
      }
      for (long i = 0; i < L; i++) {
        uint32_t w0 = (uint32_t)(b + i), w1 = 0, w2 = t, w3 = 0, k0 = key0, k1 = key1;
#pragma GCC unroll 10
        for (int round = 0; round < 10; round++) {
          uint64_t p = (uint64_t)0xD2511F53u * w0, q_ = (uint64_t)0xCD9E8D57u * w2;
          w0 = (uint32_t)(q_ >> 32) ^ w1 ^ k0, w1 = (uint32_t)q_;
          w2 = (uint32_t)(p >> 32) ^ w3 ^ k1, w3 = (uint32_t)p;
          k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
        }
        float radius = spread[t] * sqrtf(-2 * logarithm((w0 + 0.5f) * 2.3283064e-10f));
        float turn = (int32_t)w1 * 2.3283064e-10f, quarter = (turn < 0 ? -turn : turn);
        c[0][i] += move * (sum[0][i] / total[i] - c[0][i]) + radius * sine(0.25f - quarter);
        float second = radius * sine(turn);
        if (D > 1) c[D - 1][i] += move * (sum[D - 1][i] / total[i] - c[D - 1][i]) + second;
      }
    }
    for (long i = 0; i < L; i++) for (int j = 0; j < D; j++) out[(b + i) * D + j] = c[j][i];
  }
}
"""
"""For d = 1 and 2, and a multiple of 64 rows."""


def limit(
    mixture: GaussianMixture, s_start: float, span: float, steps: int
) -> Callable[[Tensor], Tensor]:
    """`LIMIT`, compiled for this mixture and number of steps."""
    rows = tuple(map(tuple, mixture.means.tolist()))
    logs = tuple(mixture.weights.log().tolist())
    h = span / steps
    levels = s_start * torch.exp(-h * torch.arange(steps, dtype=torch.float64))
    scale = (1 / (2 * levels**2)).float()
    spread = (math.sqrt(2 * h) * levels).float()

    def solve(y: Tensor) -> Tensor:
        if len(y) % 64 or y.dtype != torch.float32:
            msg = f"y must be float32 with a multiple of 64 rows, got {tuple(y.shape)}, {y.dtype}"
            raise ValueError(msg)
        function, out = _compiled(rows, logs, steps), torch.empty_like(y)
        at, to, half, noise = (ctypes.c_void_p(v.data_ptr()) for v in (y, out, scale, spread))
        seed = ctypes.c_uint32(1), ctypes.c_uint32(2)
        function(at, to, ctypes.c_long(len(y)), half, noise, ctypes.c_float(2 * h), *seed)
        return out

    return solve


@functools.cache
def _compiled(
    means: tuple[tuple[float, ...], ...], logs: tuple[float, ...], steps: int
) -> Callable[..., None]:
    folder = Path(tempfile.mkdtemp())
    rows = ",".join("{" + ",".join(f"{v!r}f" for v in row) + "}" for row in means)
    defined = f"#define K {len(means)}\n#define D {len(means[0])}\n#define L 64\n"
    defined += f"#define STEPS {steps}\n#define MEANS {{{rows}}}\n"
    defined += f"#define LOGS {{{','.join(f'{v!r}f' for v in logs)}}}\n"
    (folder / "limit.c").write_text(defined + LIMIT.replace("unroll K", f"unroll {len(means)}"))
    flags = "-O3 -march=native -mprefer-vector-width=512 -fno-math-errno -fno-trapping-math"
    command = ["cc", *flags.split(), "-shared", "-fPIC", "limit.c", "-o", "limit.so"]
    subprocess.run(command, check=True, cwd=folder)
    return ctypes.CDLL(str(folder / "limit.so")).walk
