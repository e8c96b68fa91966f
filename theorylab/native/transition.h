/* x' = alpha' (mu_k + c_k (y - mu_k)) + b_k Z with y = x / alpha, k drawn from the shares of y.
 *
 * Included from mixture.c once for each number format, after mixture.h. The component is the
 * first whose running sum of shares exceeds u times all of it, or else the first that completes
 * it, so it is a mode whatever u is; u and Z are given. theorylab/diffusion/_transition.py has
 * the same lines in torch. */

/* logs: log weight - d ln s_k of each mode, inverses: 1 / s_k^2, kept: c, deviations: b, (K). */
typedef struct {
  const REAL *starts, *uniforms, *normals, *means, *logs, *inverses, *kept, *deviations;
  long modes;
  double alpha, alpha_next;
  REAL *ends;
} NAME(TransitionTask);

static inline __attribute__((always_inline)) void NAME(transition_block)(
    const int d, const NAME(TransitionTask) *task, long base, int width, REAL *restrict sums) {
  REAL y[MOST][LANES], highest[LANES], total[LANES], drawn[LANES];
  INTEGER label[LANES];
  for (int i = 0; i < LANES; i++) { highest[i] = -INFINITY; total[i] = 0; label[i] = 0; }
  for (int c = 0; c < d; c++)
    for (int i = 0; i < LANES; i++)
      y[c][i] = task->starts[(base + (i < width ? i : 0)) * d + c] / (REAL)task->alpha;
  for (long k = 0; k < task->modes; k++) {
    REAL *restrict q = sums + k * LANES;
    REAL constant = task->logs[k], half = task->inverses[k] / 2;
    for (int i = 0; i < LANES; i++) {
      REAL square = 0;
      for (int c = 0; c < d; c++) {
        REAL gap = task->means[k * d + c] - y[c][i];
        square += gap * gap;
      }
      q[i] = constant - square * half;
      highest[i] = q[i] > highest[i] ? q[i] : highest[i];
    }
  }
  for (long k = 0; k < task->modes; k++) {
    REAL *restrict q = sums + k * LANES;
    for (int i = 0; i < LANES; i++) {
      REAL below = q[i] - highest[i];
      below = below < (REAL)EXPONENT_FLOOR ? (REAL)EXPONENT_FLOOR : below;
      q[i] = total[i] += NAME(exponential)(below);
    }
  }
  for (int i = 0; i < LANES; i++) drawn[i] = task->uniforms[base + (i < width ? i : 0)] * total[i];
  for (long k = 0; k < task->modes; k++) {
    const REAL *restrict q = sums + k * LANES;
    for (int i = 0; i < LANES; i++) label[i] += (q[i] <= drawn[i]) & (q[i] < total[i]);
  }
  for (int i = 0; i < width; i++) {
    long k = (long)label[i], at = (base + i) * d;
    for (int c = 0; c < d; c++) {
      REAL mean = task->means[k * d + c];
      task->ends[at + c] = (REAL)task->alpha_next * (mean + task->kept[k] * (y[c][i] - mean))
                           + task->deviations[k] * task->normals[at + c];
    }
  }
}

/* Entry: rows [first, last), d from 1 to MOST. Returns 1 without memory, 2 for another d. */
int NAME(transition)(const NAME(TransitionTask) *task, long first, long last, int d) {
  if (d < 1 || d > MOST) return 2;
  REAL *sums = aligned_alloc(64, sizeof(REAL) * LANES * (size_t)task->modes);
  if (!sums) return 1;
  for (long base = first; base < last; base += LANES) {
    int width = last - base < LANES ? (int)(last - base) : LANES;
#define CASE(D) case D: NAME(transition_block)(D, task, base, width, sums); break;
    switch (d) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) }
#undef CASE
  }
  free(sums);
  return 0;
}
