/* The pull of a product law on a block of points, one coordinate at a time.
 *
 * Included from mixture.c once for each number format, after mixture.h. Coordinate c of a point
 * feels the law of counts[c] modes on the line at `places`, all modes of one variance; the places
 * and logarithms of weights of the coordinates follow each other. A sum of sides takes the place
 * of their product. Underflow as in mixture.h. */

/* pulled = sum_k r_k (place_k - y), for one coordinate of LANES points. */
static inline __attribute__((always_inline)) void NAME(pull_line)(
    long modes, const REAL *restrict places, const REAL *restrict log_weights,
    const REAL *restrict half, const REAL *restrict y, REAL *restrict logits,
    REAL *restrict pulled) {
  REAL highest[LANES], total[LANES], sum[LANES];
  for (int i = 0; i < LANES; i++) { highest[i] = -INFINITY; total[i] = 0; sum[i] = 0; }
  for (long k = 0; k < modes; k++) {
    REAL *restrict q = logits + k * LANES;
    for (int i = 0; i < LANES; i++) {
      REAL gap = places[k] - y[i], logit = log_weights[k] - gap * gap * half[i];
      q[i] = logit;
      highest[i] = logit > highest[i] ? logit : highest[i];
    }
  }
  for (long k = 0; k < modes; k++) {
    const REAL *restrict q = logits + k * LANES;
    for (int i = 0; i < LANES; i++) {
      REAL below = q[i] - highest[i];
      below = below < (REAL)EXPONENT_FLOOR ? (REAL)EXPONENT_FLOOR : below; /* nan stays */
      REAL share = NAME(exponential)(below);
      total[i] += share;
      sum[i] += share * (places[k] - y[i]);
    }
  }
  for (int i = 0; i < LANES; i++) pulled[i] = sum[i] / total[i];
}

static inline __attribute__((always_inline)) void NAME(axes_rows)(
    const int d, const REAL *restrict x, long n, const long *counts, const REAL *restrict places,
    const REAL *restrict log_weights, int weighted, const REAL *restrict scales, int scale_step,
    REAL *restrict out, REAL *restrict logits) {
  REAL at[MOST][LANES], shift[MOST][LANES], half[LANES], rate[LANES];
  for (long base = 0; base < n; base += LANES) {
    int width = n - base < LANES ? (int)(n - base) : LANES;
    const REAL *rows = x + base * d;
    REAL *ends = out + base * d;
    for (int i = 0; i < LANES; i++) {
      REAL scale = scales[scale_step ? base + (i < width ? i : 0) : 0];
      half[i] = scale / 2, rate[i] = weighted ? scale : 1;
    }
    if (width == LANES)
      for (int i = 0; i < LANES; i++) for (int c = 0; c < d; c++) at[c][i] = rows[i * d + c];
    else
      for (int i = 0; i < LANES; i++)
        for (int c = 0; c < d; c++) at[c][i] = rows[(i < width ? i : 0) * d + c];
    for (long c = 0, from = 0; c < d; from += counts[c++]) {
      NAME(pull_line)(counts[c], places + from, log_weights + from, half, at[c], logits, shift[c]);
      for (int i = 0; i < LANES; i++) shift[c][i] *= rate[i];
    }
    if (width == LANES)
      for (int i = 0; i < LANES; i++) for (int c = 0; c < d; c++) ends[i * d + c] = shift[c][i];
    else
      for (int i = 0; i < width; i++) for (int c = 0; c < d; c++) ends[i * d + c] = shift[c][i];
  }
}

/* Entry: rows [first, last), d from 1 to 8. Returns 1 without memory, 2 for another d. */
int NAME(pull_axes)(const REAL *x, long first, long last, int d, const long *counts,
                    const REAL *places, const REAL *log_weights, int weighted,
                    const REAL *scales, int scale_step, REAL *out) {
  if (d < 1 || d > MOST) return 2;
  long most = 0;
  for (int c = 0; c < d; c++) most = counts[c] > most ? counts[c] : most;
  REAL *logits = aligned_alloc(64, sizeof(REAL) * LANES * (size_t)most);
  if (!logits) return 1;
  x += first * d, out += first * d, scales += first * scale_step;
#define CASE(D)                                                                              \
  case D: NAME(axes_rows)(D, x, last - first, counts, places, log_weights, weighted, scales, \
                          scale_step, out, logits); break;
  switch (d) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) }
#undef CASE
  free(logits);
  return 0;
}
