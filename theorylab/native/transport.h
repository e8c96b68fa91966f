/* The increasing map that carries one mixture of normal laws on the line to another.
 *
 * Included from mixture.c once, in float64, after mills.h. Notation: modes mu_k in increasing
 * order, weights w_k, F and S the probabilities below and above y, both sums over the modes of
 * Phi(z_k) and Phi(-z_k) with z_k = (y - mu_k) / s. The target is the log odds ln F - ln S of the
 * start; it is met by Newton steps kept in a bracket.
 *
 * Of each mode the smaller side is computed, exp(-z^2/2) R(|z|) / sqrt(2 pi) with Mills' ratio R,
 * so that neither tail loses digits. Below all modes, or above all, the exponentials are counted
 * from the largest, and a tail far below the smallest number still has a logarithm. */

enum { NEWTON_ROUNDS = 200 };
static const double DENSITY = 0.39894228040143267794; /* 1 / sqrt(2 pi) */

/* odds = ln F - ln S and its slope at y, lane by lane. */
static void log_odds(
    long modes, const double *restrict places, const double *restrict weights,
    const double *restrict logs, double s, const double *restrict y, double *restrict odds,
    double *restrict slope) {
  double top[LANES], small_below[LANES], small_above[LANES], below[LANES], above[LANES];
  double total[LANES];
  const double rate = 1 / s, lowest = places[0], highest = places[modes - 1];
  for (int i = 0; i < LANES; i++) top[i] = -INFINITY;
  for (long k = 0; k < modes; k++)
    for (int i = 0; i < LANES; i++) {
      double z = (y[i] - places[k]) * rate, q = logs[k] - z * z / 2;
      top[i] = q > top[i] ? q : top[i];
    }
  for (int i = 0; i < LANES; i++) {
    top[i] = y[i] < lowest || y[i] >= highest ? top[i] : 0;
    small_below[i] = small_above[i] = below[i] = above[i] = total[i] = 0;
  }
  for (long k = 0; k < modes; k++)
    for (int i = 0; i < LANES; i++) {
      double z = (y[i] - places[k]) * rate, q = logs[k] - z * z / 2 - top[i];
      double e = exponential_float64(q < -700 ? -700 : q);
      double side = e * mills(fabs(z));
      total[i] += e;
      small_below[i] += z < 0 ? side : 0;
      small_above[i] += z < 0 ? 0 : side;
      above[i] += z < 0 ? weights[k] : 0;
      below[i] += z < 0 ? 0 : weights[k];
    }
  for (int i = 0; i < LANES; i++) {
    int low = y[i] < lowest, high = y[i] >= highest;
    double unit = exponential_float64(top[i] < -700 ? -700 : top[i]);
    double gain = DENSITY * (small_below[i] - small_above[i]);
    double f = low ? DENSITY * small_below[i] : below[i] + gain * unit;
    double g = high ? DENSITY * small_above[i] : above[i] - gain * unit;
    odds[i] = logarithm_float64(f / g) + (low ? top[i] : high ? -top[i] : 0);
    slope[i] = DENSITY * total[i] * rate / (f * g);
  }
}

/* Near the solution: within the mode whose share the target falls into, as if it were alone; the
 * shares are counted from the side that the target is nearer to. z from Abramowitz and Stegun
 * 26.2.23, 4.5e-4. */
static void first_guess(
    long modes, const double *restrict places, const double *restrict weights, double s,
    const double *restrict odds, double *restrict y) {
  double left[LANES], share[LANES], place[LANES];
  double found[LANES];
  for (int i = 0; i < LANES; i++) {
    double far = -fabs(odds[i]), ratio = exponential_float64(far < -700 ? -700 : far);
    left[i] = ratio / (1 + ratio); /* the smaller of F and S */
    share[i] = 1, place[i] = 0, found[i] = 0;
  }
  for (long k = 0; k < modes; k++) {
    const double up = weights[k], down = weights[modes - 1 - k];
    const double from_below = places[k], from_above = places[modes - 1 - k];
    for (int i = 0; i < LANES; i++) {
      double w = odds[i] < 0 ? up : down, at = odds[i] < 0 ? from_below : from_above;
      share[i] = found[i] > 0 ? share[i] : w;
      place[i] = found[i] > 0 ? place[i] : at;
      found[i] = left[i] <= w ? 1 : found[i];
      left[i] -= found[i] > 0 ? 0 : w;
    }
  }
  for (int i = 0; i < LANES; i++) {
    double outer = left[i] / share[i], tail = outer < 0.5 ? outer : 1 - outer;
    double t = sqrt(-2 * logarithm_float64(tail > 1e-300 ? tail : 1e-300));
    double z = t - (2.515517 + t * (0.802853 + t * 0.010328))
                   / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    y[i] = place[i] + s * ((outer < 0.5) == (odds[i] < 0) ? -z : z);
  }
}

typedef struct {
  const double *starts, *places, *weights, *logs;
  long n, modes;
  double s_start, s_stop;
  double *ends;
  int32_t *rounds; /* Newton steps and halvings; 0: not met */
} TransportTask;

/* Rows [first, last) of one coordinate. A lane that is done keeps its place until all are. */
int transport(const TransportTask *task, long first, long last) {
  const double s = task->s_start, s_stop = task->s_stop, ratio = s_stop / s;
  const double near = sqrt(DBL_EPSILON) / 8 * s_stop;
  const double lowest = task->places[0], highest = task->places[task->modes - 1];
  double y[LANES], wanted[LANES], odds[LANES], slope[LANES], low[LANES], high[LANES];
  double done[LANES];
  for (long base = first; base < last; base += LANES) {
    int width = last - base < LANES ? (int)(last - base) : LANES, open = LANES;
    for (int i = 0; i < LANES; i++) y[i] = task->starts[base + (i < width ? i : 0)];
    log_odds(task->modes, task->places, task->weights, task->logs, s, y, wanted, slope);
    for (int i = 0; i < LANES; i++) {
      /* the flow moves y towards a mean of the modes: these are its images under contraction */
      double one = lowest + ratio * (y[i] - lowest), two = highest + ratio * (y[i] - highest);
      low[i] = one < two ? one : two, high[i] = one < two ? two : one;
      done[i] = 0;
    }
    first_guess(task->modes, task->places, task->weights, s_stop, wanted, y);
    for (int i = 0; i < LANES; i++)
      y[i] = y[i] < low[i] ? low[i] : y[i] > high[i] ? high[i] : y[i];
    for (int round = 1; open && round <= NEWTON_ROUNDS; round++) {
      log_odds(task->modes, task->places, task->weights, task->logs, s_stop, y, odds, slope);
      double waiting = 0;
      for (int i = 0; i < LANES; i++) {
        double gap = odds[i] - wanted[i], step = gap / slope[i], moved = y[i] - step;
        double from = gap < 0 ? y[i] : low[i], to = gap < 0 ? high[i] : y[i];
        double spacing = 2 * DBL_EPSILON * (fabs(y[i]) + s_stop);
        double inside = moved >= from ? (moved <= to ? 1. : 0.) : 0.;
        double small = fabs(step) <= near ? inside : 0., narrow = to - from <= spacing ? 1. : 0.;
        double met = gap == 0 ? 1. : small + narrow;
        double next = gap == 0 ? y[i] : inside > 0 ? moved : (from + to) / 2;
        low[i] = from, high[i] = to;
        y[i] = done[i] > 0 ? y[i] : next;
        done[i] = done[i] > 0 ? done[i] : met > 0 ? round : 0.;
      }
      for (int i = 0; i < LANES; i++) waiting += done[i] > 0 ? 0. : 1.;
      open = waiting > 0;
    }
    for (int i = 0; i < width; i++) {
      task->ends[base + i] = y[i];
      task->rounds[base + i] = (int32_t)done[i];
    }
  }
  return 0;
}
