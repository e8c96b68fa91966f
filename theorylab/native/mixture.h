/* The pull of a Gaussian mixture on a block of points, for a vector unit.
 *
 * Included once for each number format, with REAL, NAME(x), INTEGER, UNSIGNED, MANTISSA,
 * BIAS, ROUNDER, LN2_HIGH, LN2_LOW, EXPONENT_FLOOR and EXP_TERMS defined. Notation: c a coordinate, k a mode,
 * q_k = log_weight_k - |mu_k - x|^2 inverse_k scale / 2, r_k = exp(q_k - max q) / sum.
 *
 * A share below exp(EXPONENT_FLOOR) is raised to it: 1.8e-35 in float32, 1e-304 in float64. That
 * keeps every share a normal number, and moves a result by less than K times that, relative to
 * the farthest pull; half a unit in the last place is 6e-8 and 1.1e-16. */

#define STRIPES 16
#define MOST 8 /* dimensions */
#define LANES 64 /* points of a block; its coordinates, logits and sums stay in the first cache */

/* exp(x) for EXPONENT_FLOOR <= x <= 0: x = n ln 2 + r, a Taylor polynomial of r, and 2^n.
 * Adding 1.5 * 2^MANTISSA rounds to the integer n and leaves it in the lowest bits. */
static inline REAL NAME(exponential)(REAL x) {
  union { REAL value; INTEGER bits; } n, scale;
  n.value = x * (REAL)1.4426950408889634074 + (REAL)ROUNDER;
  REAL whole = n.value - (REAL)ROUNDER;
  REAL r = (x - whole * (REAL)LN2_HIGH) - whole * (REAL)LN2_LOW;
  scale.bits = (INTEGER)((UNSIGNED)n.bits << MANTISSA) + ((INTEGER)BIAS << MANTISSA);
  return (EXP_TERMS) * scale.value;
}

/* shift[c] = sum_k r_k rate_k (mu_kc - x_c), with rate_k = inverse_k if weighted and 1 if not.
 *
 * at: coordinates (d, LANES). scale: (LANES). logits: room for (modes, LANES). */
static inline __attribute__((always_inline)) void NAME(pull_block)(
    int d, long modes, const REAL *restrict means, const REAL *restrict log_weights,
    const REAL *restrict inverses, int weighted, const REAL *restrict scale,
    REAL (*restrict at)[LANES], REAL *restrict logits, REAL (*restrict shift)[LANES]) {
  REAL highest[LANES], total[LANES];
  for (int i = 0; i < LANES; i++) { highest[i] = -INFINITY; total[i] = 0; }
  for (long k = 0; k < modes; k++) {
    REAL *restrict q = logits + k * LANES;
    for (int i = 0; i < LANES; i++) {
      REAL square = 0;
      for (int c = 0; c < d; c++) {
        REAL gap = means[k * d + c] - at[c][i];
        square += gap * gap;
      }
      REAL logit = log_weights[k] - square * (inverses[k] * scale[i]) / 2;
      q[i] = logit;
      highest[i] = logit > highest[i] ? logit : highest[i];
    }
  }
  for (int c = 0; c < d; c++) for (int i = 0; i < LANES; i++) shift[c][i] = 0;
  for (long k = 0; k < modes; k++) {
    const REAL *restrict q = logits + k * LANES;
    REAL rate = weighted ? inverses[k] : 1;
    for (int i = 0; i < LANES; i++) {
      REAL below = q[i] - highest[i];
      below = below < (REAL)EXPONENT_FLOOR ? (REAL)EXPONENT_FLOOR : below; /* nan stays */
      REAL share = NAME(exponential)(below);
      total[i] += share;
      share *= rate;
      for (int c = 0; c < d; c++) shift[c][i] += share * (means[k * d + c] - at[c][i]);
    }
  }
  for (int c = 0; c < d; c++)
    for (int i = 0; i < LANES; i++) shift[c][i] *= (weighted ? scale[i] : 1) / total[i];
}

/* The same for d from 1 to MOST; a dimension known to the compiler is unrolled. */
#define PULL(D)                                                                             \
  static __attribute__((noinline)) void NAME(pull_##D)(                                     \
      long modes, const REAL *means, const REAL *log_weights, const REAL *inverses,         \
      int weighted, const REAL *scale, REAL (*at)[LANES], REAL *logits,                     \
      REAL (*shift)[LANES]) {                                                               \
    NAME(pull_block)(D, modes, means, log_weights, inverses, weighted, scale, at, logits,   \
                     shift);                                                                \
  }
PULL(1) PULL(2) PULL(3) PULL(4) PULL(5) PULL(6) PULL(7) PULL(8)
#undef PULL

static void NAME(pull_any)(int d, long modes, const REAL *means, const REAL *log_weights,
                           const REAL *inverses, int weighted, const REAL *scale,
                           REAL (*at)[LANES], REAL *logits, REAL (*shift)[LANES]) {
#define CASE(D) \
  case D: NAME(pull_##D)(modes, means, log_weights, inverses, weighted, scale, at, logits, shift);
  switch (d) {
    CASE(1) break; CASE(2) break; CASE(3) break; CASE(4) break;
    CASE(5) break; CASE(6) break; CASE(7) break; CASE(8) break;
  }
#undef CASE
}

/* The same for n points (n, d), block by block; scales has `scale_step` 0 (one) or 1 (n). */
static void NAME(pull_points)(
    int d, const REAL *restrict x, long n, const REAL *restrict means, long modes,
    const REAL *restrict log_weights, const REAL *restrict inverses, int weighted,
    const REAL *restrict scales, int scale_step, REAL *restrict out, REAL *restrict logits) {
  REAL at[MOST][LANES], shift[MOST][LANES], scale[LANES];
  for (long first = 0; first < n; first += LANES) {
    int width = n - first < LANES ? (int)(n - first) : LANES;
    for (int i = 0; i < LANES; i++) {
      long row = first + (i < width ? i : 0);
      for (int c = 0; c < d; c++) at[c][i] = x[row * d + c];
      scale[i] = scales[row * scale_step];
    }
    NAME(pull_any)(d, modes, means, log_weights, inverses, weighted, scale, at, logits, shift);
    for (int i = 0; i < width; i++)
      for (int c = 0; c < d; c++) out[(first + i) * d + c] = shift[c][i];
  }
}

/* Entry: rows [first, last) of the batch, d from 1 to 8. Returns 1 without memory, 2 for another d. */
int NAME(pull)(const REAL *x, long first, long last, int d, const REAL *means, long modes,
               const REAL *log_weights, const REAL *inverses, int weighted, const REAL *scales,
               int scale_step, REAL *out) {
  if (d < 1 || d > MOST) return 2;
  REAL *logits = aligned_alloc(64, sizeof(REAL) * LANES * (size_t)modes);
  if (!logits) return 1;
  x += first * d, out += first * d, scales += first * scale_step;
  NAME(pull_points)(d, x, last - first, means, modes, log_weights, inverses, weighted, scales,
                    scale_step, out, logits);
  free(logits);
  return 0;
}

/* Logits (rows, modes) to shares, in place: exp(q_k - max q) / sum. */
void NAME(shares)(REAL *restrict logits, long rows, long modes) {
  for (long row = 0; row < rows; row++) {
    REAL *restrict q = logits + row * modes;
    REAL highest[STRIPES], total[STRIPES];
    for (int i = 0; i < STRIPES; i++) { highest[i] = -INFINITY; total[i] = 0; }
    long whole = modes - modes % STRIPES;
    for (long k = 0; k < whole; k += STRIPES)
      for (int i = 0; i < STRIPES; i++)
        highest[i] = q[k + i] > highest[i] ? q[k + i] : highest[i];
    for (long k = whole; k < modes; k++)
      highest[k - whole] = q[k] > highest[k - whole] ? q[k] : highest[k - whole];
    REAL top = highest[0];
    for (int i = 1; i < STRIPES; i++) top = highest[i] > top ? highest[i] : top;
#define SHARE(K, I) {                                                                     \
      REAL below = q[K] - top;                                                            \
      below = below < (REAL)EXPONENT_FLOOR ? (REAL)EXPONENT_FLOOR : below;                \
      q[K] = NAME(exponential)(below);                                                    \
      total[I] += q[K]; }
    for (long k = 0; k < whole; k += STRIPES)
      for (int i = 0; i < STRIPES; i++) SHARE(k + i, i)
    for (long k = whole; k < modes; k++) SHARE(k, k - whole)
#undef SHARE
    REAL sum = 0;
    for (int i = 0; i < STRIPES; i++) sum += total[i];
    for (long k = 0; k < modes; k++) q[k] *= 1 / sum;
  }
}
