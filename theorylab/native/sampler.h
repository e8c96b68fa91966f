/* Steps y <- y + c (sum_k r_k mu_k - y) + b Z for one mixture, all steps of a block at once.
 *
 * Included from mixture.c once for each number format, after mixture.h. The noise is Philox4x32-10
 * (Salmon et al. 2011) with the counter (row low, row high, step, pair) and Box and Muller's map,
 * so a normal depends on the key, the row's own number, the step and the coordinate only.
 * theorylab/diffusion/_counter.py draws the same numbers in lines of torch. */

#ifndef SAMPLER_WORDS
#define SAMPLER_WORDS
#define OVER(n) ((REAL)(1. / (n)))
/* Ten rounds on LANES counters, in place. */
static inline void philox(uint32_t word[restrict 4][LANES], uint32_t key0, uint32_t key1) {
  for (int i = 0; i < LANES; i++) {
    uint32_t w0 = word[0][i], w1 = word[1][i], w2 = word[2][i], w3 = word[3][i];
    uint32_t k0 = key0, k1 = key1;
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
      uint64_t a = (uint64_t)0xD2511F53u * w0, b = (uint64_t)0xCD9E8D57u * w2;
      w0 = (uint32_t)(b >> 32) ^ w1 ^ k0, w1 = (uint32_t)b;
      w2 = (uint32_t)(a >> 32) ^ w3 ^ k1, w3 = (uint32_t)a;
      k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    word[0][i] = w0, word[1][i] = w1, word[2][i] = w2, word[3][i] = w3;
  }
}
#endif

/* ln u for 0 < u <= 1, normal: u = 2^e m, m in [0.7, 1.4], and the series of artanh. */
static inline __attribute__((always_inline)) REAL NAME(logarithm)(REAL u) {
  union { REAL value; INTEGER bits; } m = { .value = u };
  INTEGER raised = m.bits - SQRT_HALF_BITS;
  INTEGER e = raised >> MANTISSA;
  m.bits -= e << MANTISSA;
  REAL f = (m.value - 1) / (m.value + 1), g = f * f;
  REAL series = 1 + g * (1/3.f + g * (1/5.f + g * (1/7.f + g * (1/9.f))));
  if (MANTISSA > 23)
    series = 1 + g * (1/(REAL)3 + g * (1/(REAL)5 + g * (1/(REAL)7 + g * (1/(REAL)9
               + g * (1/(REAL)11 + g * (1/(REAL)13 + g * (1/(REAL)15 + g * (1/(REAL)17
               + g * (1/(REAL)19 + g * (1/(REAL)21))))))))));
  return (REAL)e * (REAL)0.69314718055994530942 + 2 * f * series;
}

/* sin of 2 pi u, -1/4 <= u <= 1: the nearest half turn h, a series on |x| <= pi / 2. */
static inline __attribute__((always_inline)) REAL NAME(sine)(REAL u) {
  INTEGER h = (INTEGER)(2 * u + (REAL)0.5);
  REAL x = (u - (REAL)h / 2) * (REAL)6.28318530717958647693, z = x * x;
  REAL s = 1 - z * OVER(6) * (1 - z * OVER(20) * (1 - z * OVER(42) * (1 - z * OVER(72) *
           (1 - z * OVER(110)))));
  if (MANTISSA > 23)
    s = 1 - z * OVER(6) * (1 - z * OVER(20) * (1 - z * OVER(42) * (1 - z * OVER(72) * (1
        - z * OVER(110) * (1 - z * OVER(156) * (1 - z * OVER(210) * (1 - z * OVER(272) *
        (1 - z * OVER(342) * (1 - z * OVER(420))))))))));
  return (REAL)(1 - 2 * (h & 1)) * x * s;
}

/* cos of 2 pi u, 0 <= u < 1, even about u = 1/2: the sine a quarter turn on. */
static inline __attribute__((always_inline)) REAL NAME(cosine)(REAL u) {
  REAL folded = u < (REAL)0.5 ? u : 1 - u;
  return NAME(sine)((REAL)0.25 - folded);
}

/* At most PER_CALL normals of one call for rows row, row + 1, ...: coordinate p of (wanted,
 * LANES). */
static inline __attribute__((always_inline)) void NAME(normals_of_call)(
    const int wanted, uint32_t call, uint64_t row, uint32_t step, const uint32_t key[2],
    REAL z[][LANES]) {
  uint32_t word[4][LANES];
  for (int i = 0; i < LANES; i++) {
    word[0][i] = (uint32_t)(row + (uint64_t)i), word[1][i] = (uint32_t)((row + (uint64_t)i) >> 32);
    word[2][i] = step, word[3][i] = call;
  }
  philox(word, key[0], key[1]);
  for (int p = 0; p < PER_CALL && p < wanted; p += 2) {
    REAL radius[LANES], angle[LANES], first[LANES], second[LANES];
    for (int i = 0; i < LANES; i++) radius[i] = UNIFORM(word, p, i, 0);
    for (int i = 0; i < LANES; i++) angle[i] = UNIFORM(word, p, i, 1);
    for (int i = 0; i < LANES; i++) angle[i] = angle[i] < 1 ? angle[i] : 0;
    for (int i = 0; i < LANES; i++) radius[i] = -2 * NAME(logarithm)(radius[i]);
    for (int i = 0; i < LANES; i++) radius[i] = NAME(root)(radius[i]);
    for (int i = 0; i < LANES; i++) first[i] = radius[i] * NAME(cosine)(angle[i]);
    for (int i = 0; i < LANES; i++) second[i] = radius[i] * NAME(sine)(angle[i]);
    memcpy(z[p], first, sizeof first);
    if (p + 1 < wanted) memcpy(z[p + 1], second, sizeof second);
  }
}

/* Normals of one step for rows of numbers row, row + 1, ...: coordinate c of (d, LANES). */
static void NAME(normals)(
    const int d, uint64_t row, uint32_t step, const uint32_t key[2], REAL z[][LANES]) {
  for (int c = 0; c < d; c += PER_CALL)
    NAME(normals_of_call)(d - c, (uint32_t)(c / PER_CALL), row, step, key, z + c);
}

/* scales, moves, deviations: 1 / s^2, c and b of each step. states: (kept, n, d), kept is 1 or
 * `steps`. */
typedef struct {
  const REAL *starts, *means, *log_weights, *scales, *moves, *deviations;
  long n, modes, steps, kept;
  uint64_t number;
  uint32_t key[2];
  REAL *states;
} NAME(SamplerTask);

static void NAME(sample_rows)(
    const int d, const NAME(SamplerTask) *task, long first, long last,
    REAL *restrict logits) {
  REAL y[MOST][LANES], pulled[MOST][LANES], z[MOST][LANES], scale[LANES];
  for (long base = first; base < last; base += LANES) {
    int width = last - base < LANES ? (int)(last - base) : LANES;
    for (int c = 0; c < d; c++)
      for (int i = 0; i < LANES; i++) y[c][i] = task->starts[(base + (i < width ? i : 0)) * d + c];
    for (long step = 0; step < task->steps; step++) {
      REAL move = task->moves[step], deviation = task->deviations[step];
      if (move != 0) {
        for (int i = 0; i < LANES; i++) scale[i] = task->scales[step];
        NAME(pull_any)(d, task->modes, task->means, task->log_weights, 0, 0, scale, y, logits,
                       pulled);
        for (int c = 0; c < d; c++)
          for (int i = 0; i < LANES; i++) y[c][i] += move * pulled[c][i];
      }
      if (deviation != 0) {
        NAME(normals)(d, task->number + (uint64_t)base, (uint32_t)step, task->key, z);
        for (int c = 0; c < d; c++)
          for (int i = 0; i < LANES; i++) y[c][i] += deviation * z[c][i];
      }
      if (step + task->kept < task->steps) continue;
      REAL *state = task->states + (step + task->kept - task->steps) * task->n * d;
      for (int i = 0; i < width; i++)
        for (int c = 0; c < d; c++) state[(base + i) * d + c] = y[c][i];
    }
  }
}

/* Entry: rows [first, last), d from 1 to 8. Returns 1 without memory, 2 for another d. */
int NAME(sample)(const NAME(SamplerTask) *task, long first, long last, int d) {
  if (d < 1 || d > MOST) return 2;
  REAL *logits = aligned_alloc(64, sizeof(REAL) * GROUP * (size_t)task->modes);
  if (!logits) return 1;
  NAME(sample_rows)(d, task, first, last, logits);
  free(logits);
  return 0;
}

/* x <- rate x + move pull + deviation Z for x (n, d) of any d, rows numbered from `number`; pull
 * may be 0, and may be x itself. No normals are drawn where the deviation is 0. */
void NAME(advance)(REAL *x, const REAL *pull, long n, long d, double rate, double move,
                   double deviation, uint64_t number, uint32_t step, const uint32_t *key) {
  REAL r = (REAL)rate, m = (REAL)move, b = (REAL)deviation, z[PER_CALL][LANES];
  for (long base = 0; base < n; base += LANES) {
    int width = n - base < LANES ? (int)(n - base) : LANES;
    for (long c = 0; c < d; c += PER_CALL) {
      int wanted = d - c < PER_CALL ? (int)(d - c) : PER_CALL;
      if (b != 0)
        NAME(normals_of_call)(wanted, (uint32_t)(c / PER_CALL), number + (uint64_t)base, step, key,
                              z);
      for (int i = 0; i < width; i++)
        for (int p = 0; p < wanted; p++) {
          long at = (base + i) * d + c + p;
          REAL moved = r * x[at] + (pull ? m * pull[at] : 0);
          x[at] = b != 0 ? moved + b * z[p][i] : moved;
        }
    }
  }
}
