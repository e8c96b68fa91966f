/* The pull of a Gaussian mixture on a block of points, for a vector unit.
 *
 * Included once for each number format, with REAL, NAME(x), INTEGER, UNSIGNED, MANTISSA, ROUNDER,
 * REST, EXPONENT_FLOOR, EXP_TERMS and GROUP defined. Notation: c a coordinate, k a mode,
 * q_k = log_weight_k - |mu_k - x|^2 inverse_k scale / 2, r_k = exp(q_k - max q) / sum.
 *
 * A share below exp(EXPONENT_FLOOR) is raised to it: 1.8e-35 in float32, 1e-304 in float64. That
 * keeps every share a normal number, and moves a result by less than K times that, relative to
 * the farthest pull; half a unit in the last place is 6e-8 and 1.1e-16. */

#define STRIPES 16
#define MOST 8 /* dimensions */
#define LANES 64 /* points of a block; they stay in the first cache */

/* exp(x) for |x| <= -EXPONENT_FLOOR: x = n ln 2 + r, a polynomial of r that is 1 at 0, and n
 * added to its exponent. Adding 1.5 * 2^MANTISSA rounds to the integer n and leaves it in the
 * lowest bits. */
static inline __attribute__((always_inline)) REAL NAME(exponential)(REAL x) {
  union { REAL value; INTEGER bits; } n, power;
  n.value = x * (REAL)1.4426950408889634074 + (REAL)ROUNDER;
  REAL whole = n.value - (REAL)ROUNDER;
  REAL r = REST(x, whole);
  power.value = EXP_TERMS;
  power.bits += (INTEGER)((UNSIGNED)n.bits << MANTISSA);
  return power.value;
}

/* shift[c] = sum_k r_k rate_k (mu_kc - x_c), with rate_k = inverse_k if weighted and 1 if not.
 * No inverses stand for inverses of 1.
 *
 * at: coordinates (d, LANES). scale: (LANES). logits: room for (modes, GROUP). GROUP lanes at a
 * time, whose sums stay in registers. */
static inline __attribute__((always_inline)) void NAME(pull_block)(
    int d, long modes, const REAL *restrict means, const REAL *restrict log_weights,
    const REAL *restrict inverses, int weighted, const REAL *restrict scale,
    REAL (*restrict at)[LANES], REAL *restrict logits, REAL (*restrict shift)[LANES]) {
  for (int first = 0; first < LANES; first += GROUP) {
    REAL x[MOST][GROUP], pulled[MOST][GROUP], half[GROUP], highest[GROUP], total[GROUP];
    for (int c = 0; c < d; c++)
      for (int i = 0; i < GROUP; i++) { x[c][i] = at[c][first + i]; pulled[c][i] = 0; }
    for (int i = 0; i < GROUP; i++) {
      half[i] = scale[first + i] / 2;
      highest[i] = -INFINITY;
      total[i] = 0;
    }
    for (long k = 0; k < modes; k++) {
      REAL *restrict q = logits + k * GROUP;
      for (int i = 0; i < GROUP; i++) {
        REAL square = 0;
        for (int c = 0; c < d; c++) {
          REAL gap = means[k * d + c] - x[c][i];
          square += gap * gap;
        }
        REAL logit = log_weights[k] - square * (inverses ? inverses[k] * half[i] : half[i]);
        q[i] = logit;
        highest[i] = logit > highest[i] ? logit : highest[i];
      }
    }
    for (long k = 0; k < modes; k++) {
      const REAL *restrict q = logits + k * GROUP;
      for (int i = 0; i < GROUP; i++) {
        REAL below = q[i] - highest[i];
        below = below < (REAL)EXPONENT_FLOOR ? (REAL)EXPONENT_FLOOR : below; /* nan stays */
        REAL share = NAME(exponential)(below);
        total[i] += share;
        if (inverses && weighted) share *= inverses[k];
        for (int c = 0; c < d; c++) pulled[c][i] += share * (means[k * d + c] - x[c][i]);
      }
    }
    for (int i = 0; i < GROUP; i++) total[i] = (weighted ? scale[first + i] : 1) / total[i];
    for (int c = 0; c < d; c++)
      for (int i = 0; i < GROUP; i++) shift[c][first + i] = pulled[c][i] * total[i];
  }
}

/* The same for d from 1 to MOST; a dimension known to the compiler is unrolled, and so are
 * inverses that are absent. */
#define EACH(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8)
#define PULL(D)                                                                             \
  static __attribute__((noinline)) void NAME(pull_##D)(                                     \
      long modes, const REAL *means, const REAL *log_weights, const REAL *inverses,         \
      int weighted, const REAL *scale, REAL (*at)[LANES], REAL *logits,                     \
      REAL (*shift)[LANES]) {                                                               \
    if (inverses)                                                                           \
      NAME(pull_block)(D, modes, means, log_weights, inverses, weighted, scale, at, logits, \
                       shift);                                                              \
    else                                                                                    \
      NAME(pull_block)(D, modes, means, log_weights, 0, weighted, scale, at, logits, shift); \
  }
EACH(PULL)
#undef PULL

static void NAME(pull_any)(int d, long modes, const REAL *means, const REAL *log_weights,
                           const REAL *inverses, int weighted, const REAL *scale,
                           REAL (*at)[LANES], REAL *logits, REAL (*shift)[LANES]) {
#define CASE(D)                                                                              \
  case D:                                                                                    \
    NAME(pull_##D)(modes, means, log_weights, inverses, weighted, scale, at, logits, shift); \
    break;
  switch (d) { EACH(CASE) }
#undef CASE
}

/* Points (LANES, d) to coordinates (d, LANES), and back. */
static void NAME(to_lanes)(int d, const REAL *restrict x, REAL (*restrict at)[LANES]) {
#define CASE(D)                                             \
  case D:                                                   \
    for (int i = 0; i < LANES; i++)                         \
      for (int c = 0; c < D; c++) at[c][i] = x[i * D + c];  \
    break;
  switch (d) { EACH(CASE) }
#undef CASE
}

static void NAME(from_lanes)(int d, REAL (*restrict at)[LANES], REAL *restrict x) {
#define CASE(D)                                             \
  case D:                                                   \
    for (int i = 0; i < LANES; i++)                         \
      for (int c = 0; c < D; c++) x[i * D + c] = at[c][i];  \
    break;
  switch (d) { EACH(CASE) }
#undef CASE
}

/* The same for n points (n, d), block by block; scales has `scale_step` 0 (one) or 1 (n). The
 * lanes of the last block that are left over repeat its first point. */
static void NAME(pull_points)(
    int d, const REAL *restrict x, long n, const REAL *restrict means, long modes,
    const REAL *restrict log_weights, const REAL *restrict inverses, int weighted,
    const REAL *restrict scales, int scale_step, REAL *restrict out, REAL *restrict logits) {
  REAL at[MOST][LANES], shift[MOST][LANES], scale[LANES];
  for (long first = 0; first < n; first += LANES) {
    int width = n - first < LANES ? (int)(n - first) : LANES;
    if (width == LANES)
      NAME(to_lanes)(d, x + first * d, at);
    else
      for (int i = 0; i < LANES; i++)
        for (int c = 0; c < d; c++) at[c][i] = x[(first + (i < width ? i : 0)) * d + c];
    for (int i = 0; i < LANES; i++)
      scale[i] = scales[(first + (i < width ? i : 0)) * scale_step];
    NAME(pull_any)(d, modes, means, log_weights, inverses, weighted, scale, at, logits, shift);
    if (width == LANES)
      NAME(from_lanes)(d, shift, out + first * d);
    else
      for (int i = 0; i < width; i++)
        for (int c = 0; c < d; c++) out[(first + i) * d + c] = shift[c][i];
  }
}

/* Entry: rows [first, last) of the batch, d from 1 to 8; inverses may be 0. Returns 1 without
 * memory, 2 for another d. */
int NAME(pull)(const REAL *x, long first, long last, int d, const REAL *means, long modes,
               const REAL *log_weights, const REAL *inverses, int weighted, const REAL *scales,
               int scale_step, REAL *out) {
  if (d < 1 || d > MOST) return 2;
  REAL *logits = aligned_alloc(64, sizeof(REAL) * GROUP * (size_t)modes);
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
