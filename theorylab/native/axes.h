/* The pull of a product law on points, one coordinate at a time.
 *
 * Included from mixture.c once for each number format, after mixture.h. Coordinate c of a point
 * feels the law of counts[c] modes on the line at `places`, all modes of one variance; the places
 * and logarithms of weights of the coordinates follow each other. A sum of sides takes the place
 * of their product. */

/* Entry: rows [first, last), d from 1 to 8. Returns 1 without memory, 2 for another d. */
int NAME(pull_axes)(const REAL *x, long first, long last, int d, const long *counts,
                    const REAL *places, const REAL *log_weights, int weighted,
                    const REAL *scales, int scale_step, REAL *out) {
  if (d < 1 || d > MOST) return 2;
  long most = 0;
  for (int c = 0; c < d; c++) most = counts[c] > most ? counts[c] : most;
  REAL *logits = aligned_alloc(64, sizeof(REAL) * LANES * (size_t)most);
  if (!logits) return 1;
  REAL at[MOST][LANES], shift[MOST][LANES], scale[LANES];
  for (long base = first; base < last; base += LANES) {
    int width = last - base < LANES ? (int)(last - base) : LANES;
    if (width == LANES)
      NAME(to_lanes)(d, x + base * d, at);
    else
      for (int i = 0; i < LANES; i++)
        for (int c = 0; c < d; c++) at[c][i] = x[(base + (i < width ? i : 0)) * d + c];
    for (int i = 0; i < LANES; i++)
      scale[i] = scales[(base + (i < width ? i : 0)) * scale_step];
    for (long c = 0, from = 0; c < d; from += counts[c++])
      NAME(pull_1)(counts[c], places + from, log_weights + from, 0, weighted, scale, at + c,
                   logits, shift + c);
    if (width == LANES)
      NAME(from_lanes)(d, shift, out + base * d);
    else
      for (int i = 0; i < width; i++)
        for (int c = 0; c < d; c++) out[(base + i) * d + c] = shift[c][i];
  }
  free(logits);
  return 0;
}
