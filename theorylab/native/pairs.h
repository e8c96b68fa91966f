/* The exact gradient of a two-layer ReLU network: sums over pairs of neurons and groups of
 * vertices.
 *
 * Included from mixture.c in float64 only, after mixture.h. Notation: theorylab/parity/_pairs.py
 * and normal_pairs.py: h and k the standardised means of two neurons, r their correlation, q^2 =
 * 1 - r^2, t = (k - r h) / q. Eight groups of vertices fill a vector; pairs go one by one, so
 * that a result does not depend on the number of threads.
 *
 * With sigma = sign r, rho = sigma r, tau = x rho / (1 + q) and sin theta = 2 tau / (1 + tau^2),
 *   P(U > 0, V > 0) = Phi(h) Phi(k) + sigma / pi int_0^(rho / (1 + q))
 *     exp(-(1 + tau^2)^2 / (2 (1 - tau^2)^2) (h - sigma k)^2
 *         - (1 + tau^2) / (1 + tau)^2 sigma h k) dtau / (1 + tau^2),
 * by Gauss and Legendre: the error is below 2e-17 for the number of nodes that Python gives to
 * each |r|. Above the last such |r| Owen's function is taken, by the formulas of normal_pairs.py.
 *
 * |h|, |k| and |t| above EDGE are taken for EDGE where they enter an exponential or Phi: both
 * differ from their limits by less than exp(-EDGE^2 / 2) = 1e-347, and an exponential is raised
 * to 1e-304. */

typedef double Loose __attribute__((vector_size(64), aligned(8), may_alias));
typedef double Eight __attribute__((vector_size(64), may_alias));
typedef int64_t Mask __attribute__((vector_size(64)));
#define EDGE 40.0
#define MOST_NODES 24
#define ALIGNED __attribute__((aligned(64)))
#define OVER_ROOT_TWO_PI 0.39894228040143267794
#define OVER_TWO_PI 0.15915494309189533577
#define FARTHEST 6.0
#define TINY 1e-30

static inline Eight all(double x) { return x - (Eight){0}; }
static inline Eight either(Mask where, Eight x, Eight y) {
  return (Eight)((where & (Mask)x) | (~where & (Mask)y));
}
static inline Eight absolute(Eight x) { return (Eight)((Mask)x & INT64_MAX); }
static inline Eight within(Eight x, double edge) {
  x = either(x > edge, all(edge), x);
  return either(x < -edge, all(-edge), x);
}
static inline double total(Eight x) {
  return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
}

/* exp(x) for x <= 0, at least exp(EXPONENT_FLOOR), as in mixture.h. */
static inline __attribute__((always_inline)) Eight eight_exponential(Eight x) {
  x = either(x < EXPONENT_FLOOR, all(EXPONENT_FLOOR), x);
  Eight n = x * 1.4426950408889634074 + ROUNDER, whole = n - ROUNDER;
  Eight r = REST(x, whole);
  return (EXP_TERMS) * (Eight)(((Mask)n << MANTISSA) + ((int64_t)1023 << MANTISSA));
}

/* Phi(-x) / phi(x) for x >= 0, see mills.h. */
static inline __attribute__((always_inline)) Eight eight_mills(Eight x) {
  Eight inverse = 1 / (x + 4), t = (x - 4) * inverse, sum = all(MILLS[24]);
#pragma GCC unroll 24
  for (int i = 23; i >= 0; i--) sum = sum * t + MILLS[i];
  return sum * inverse;
}

/* Phi(x), and phi(x) beside it. */
static inline Eight eight_below(Eight x, Eight *density) {
  Eight near = within(x, EDGE);
  *density = eight_exponential(near * near * -0.5) * OVER_ROOT_TWO_PI;
  Eight tail = *density * eight_mills(absolute(near));
  return either(x < 0, tail, 1 - tail);
}

/* T(x, y / x) with the distribution function at x and at y. */
static Eight eight_owen(
    Eight x, Eight below_x, Eight y, Eight below_y, int nodes, const double *node,
    const double *weight) {
  Eight size = absolute(x), other = absolute(y), one = (Eight){0} + 1.0;
  Mask opposite = (x < 0) ^ (y < 0), steep = other > size;
  Eight most = either(steep, other, size), least = either(steep, size, other);
  Eight end = either(least > FARTHEST, all(FARTHEST), least) / either(most > 0, most, one);
  Eight square = end * end, half = most * most * -0.5, sum = {0};
  for (int i = 0; i < nodes; i++) {
    Eight at = 1 + node[i] * node[i] * square;
    sum += weight[i] * eight_exponential(half * at) / at;
  }
  Eight value = sum * end * OVER_TWO_PI;
  value = either(opposite, -value, value);
  Eight whole = (below_x + below_y - either(opposite, one, all(0))) / 2;
  return either(steep, whole - below_x * below_y - value, value);
}

/* a, b, active (m); w (m, d); vertices, means (G, d); masses (G); alike (d). Rules of Gauss and
 * Legendre on [0, 1]: `counts`, `limits` (rules) and `nodes`, `weights` (rules, MOST_NODES),
 * filled up with weights of 0; the last rule is that of Owen's function. Results: product, pull
 * (m), on (m, G), both (m, m), gradient (m, d + 2) in rows a, w, b, and value (1). */
typedef struct {
  const double *a, *w, *b, *vertices, *masses, *means;
  const int64_t *alike, *counts;
  const double *limits, *nodes, *weights;
  long m, d, groups, rules, coordinate;
  double signal, noise;
  double *product, *on, *both, *gradient, *value;
} PairTask;

/* What is known of each neuron in each eight of groups, and of each pair. */
typedef struct { Eight *h, *below, *density, *on, *masses; double *unit, *norm; } PairLevels;
typedef struct { double r, q, sign, small; } PairAngle;

static PairAngle pair_angle(const double *u, const double *v, long d) {
  double below = 0, above = 0;
  for (long c = 0; c < d; c++) {
    below += (u[c] - v[c]) * (u[c] - v[c]);
    above += (u[c] + v[c]) * (u[c] + v[c]);
  }
  below /= 2, above /= 2;
  int positive = below < above;
  return (PairAngle){positive ? 1 - below : above - 1, sqrt(below * above), positive ? 1 : -1,
                     positive ? below : -above};
}

/* Adds the pair (j, k) to the sums; rule: the nodes, or `owen`. */
static __attribute__((noinline)) void pair_add(
    const PairTask *task, const PairLevels *at, long j, long k, long eights, PairAngle angle,
    int nodes, const double *node, const double *weight, int owen) {
  const double r = angle.r, q = angle.q, sign = angle.sign, over = 1 / (q > TINY ? q : TINY);
  const double *a = task->a;
  const double f = a[j] * task->noise * at->norm[j], g = a[k] * task->noise * at->norm[k];
  double wide[MOST_NODES] ALIGNED, tall[MOST_NODES] ALIGNED, share[MOST_NODES] ALIGNED;
  const double end = fabs(r) / (1 + q);
  if (!owen)
    for (int i = 0; i < nodes; i += 8) {
      Eight x = *(const Loose *)(node + i), tau = end * x;
      Eight one = 1 + tau * tau, rest = 1 - tau * tau;
      *(Eight *)(wide + i) = one * one / (rest * rest) * -0.5;
      *(Eight *)(tall + i) = -sign * one / ((1 + tau) * (1 + tau));
      *(Eight *)(share + i) = (sign * 2 * OVER_TWO_PI * end) * *(const Loose *)(weight + i) / one;
    }
  Eight product = {0}, both = {0};
  for (long e = 0; e < eights; e++) {
    Eight h = at->h[j * eights + e], l = at->h[k * eights + e];
    Eight p = at->below[j * eights + e], s = at->below[k * eights + e];
    Eight x = within(h, EDGE), y = within(l, EDGE), mass = at->masses[e];
    Eight first = (l - sign * h) + angle.small * h, second = (h - sign * l) + angle.small * l;
    Eight t = within(first * over, EDGE), u = within(second * over, EDGE);
    Eight density = eight_exponential((x * x + t * t) * -0.5) * OVER_TWO_PI;
    Eight cut = density * eight_mills(absolute(t)), cut_2 = density * eight_mills(absolute(u));
    Eight joint;
    cut = either(t < 0, cut, at->density[j * eights + e] - cut);
    cut_2 = either(u < 0, cut_2, at->density[k * eights + e] - cut_2);
    if (owen) {
      Eight unused, below_t = eight_below(t, &unused), below_u = eight_below(u, &unused);
      Mask apart = (h < 0) ^ (l < 0), origin = (h == 0) & (l == 0);
      joint = (p + s - either(apart, all(1), all(0))) / 2;
      joint -= eight_owen(x, p, t, below_t, nodes, node, weight);
      joint -= eight_owen(y, s, u, below_u, nodes, node, weight);
      joint = either(origin, all(atan2(q, -r) * OVER_TWO_PI), joint);
    } else {
      Eight gap = x - sign * y, square = gap * gap, mixed = x * y;
      joint = p * s;
      for (int i = 0; i < nodes; i++)
        joint += share[i] * eight_exponential(wide[i] * square + tall[i] * mixed);
    }
    both += mass * joint;
    product += mass * ((h * l + r) * joint + l * cut + h * cut_2 + q * density);
    at->on[j * eights + e] += g * mass * (l * joint + cut_2 + r * cut);
    at->on[k * eights + e] += f * mass * (h * joint + cut + r * cut_2);
  }
  double sum = total(product);
  task->product[j] += g * sum, task->product[k] += f * sum;
  task->both[j * task->m + k] = task->both[k * task->m + j] = total(both);
}

/* The levels of neuron j, and the pair (j, j). */
static void pair_level(const PairTask *task, const PairLevels *at, long j, long eights) {
  const double *w = task->w + j * task->d;
  double square = 0;
  for (long c = 0; c < task->d; c++) square += w[c] * w[c];
  double norm = at->norm[j] = sqrt(square), factor = task->a[j] * task->noise * norm;
  for (long c = 0; c < task->d; c++) at->unit[j * task->d + c] = w[c] / norm;
  for (long g = 0; g < 8 * eights; g++) {
    double mean = 0;
    for (long c = 0; c < task->d && g < task->groups; c++)
      mean += w[c] * task->vertices[g * task->d + c];
    at->h[j * eights + g / 8][g % 8] = (task->signal * mean + task->b[j]) / (task->noise * norm);
  }
  Eight product = {0}, both = {0};
  for (long e = 0; e < eights; e++) {
    Eight h = at->h[j * eights + e], *density = at->density + j * eights + e;
    Eight below = at->below[j * eights + e] = eight_below(h, density), on = *density + h * below;
    product += at->masses[e] * (below + h * on), both += at->masses[e] * below;
    at->on[j * eights + e] = factor * at->masses[e] * on;
  }
  task->product[j] = factor * total(product);
  task->both[j * task->m + j] = total(both);
}

/* The gradient of neuron j from the sums; adds to the value. room: (2 d). */
static void pair_gradient(
    const PairTask *task, const PairLevels *at, long j, long eights, double *room) {
  const long m = task->m, d = task->d, i = task->coordinate;
  const double *w = task->w + j * d, norm = at->norm[j], noise = task->noise, tilt = w[i] / norm;
  double *pull = room, *density = room + d, *out = task->gradient + j * (d + 2);
  double active = task->both[j * m + j], on_all = 0, density_all = 0, turn = 0, along = 0;
  int kinked = 0;
  for (long c = 0; c < d; c++) pull[c] = density[c] = 0;
  for (long g = 0; g < task->groups; g++) {
    const double *mean = task->means + g * d, h = at->h[j * eights + g / 8][g % 8];
    double on = at->on[j * eights + g / 8][g % 8];
    double here = task->masses[g] * at->density[j * eights + g / 8][g % 8];
    task->on[j * task->groups + g] = on;
    on_all += on, density_all += here, turn += here * h, kinked |= fabs(h) < 9;
    for (long c = 0; c < d; c++) pull[c] += on * mean[c], density[c] += here * mean[c];
  }
  for (long c = 0; c < d; c++) pull[c] *= task->signal;
  for (long k = 0; k < m; k++) {
    double weight = noise * noise * task->both[j * m + k] * task->a[k];
    for (long c = 0; c < d; c++) pull[c] += weight * task->w[k * d + c];
  }
  task->product[j] *= noise * norm;
  for (long c = 0; c < d; c++) along += w[c] * pull[c];
  double radial = kinked ? (task->product[j] - task->b[j] * on_all - along) / (norm * norm) : 0;
  for (long c = 0; c < d; c++)
    pull[c] += w[c] * radial - tilt * (task->signal * density[c] - noise * turn * (w[c] / norm));
  for (long c = 0; c < d; c++)
    out[1 + c] = 2 * task->a[j] * (pull[task->alike[c]] - (c == i ? noise * active : 0));
  double rate = noise * w[i] * active;
  out[0] = 2 * (task->product[j] - rate);
  out[d + 1] = 2 * task->a[j] * (on_all - tilt * density_all);
  *task->value += task->a[j] * (task->product[j] - 2 * rate);
}

/* Entry. Returns 1 without memory. */
int pairs_float64(const PairTask *task) {
  const long m = task->m, d = task->d, eights = (task->groups + 7) / 8;
  Eight *held = aligned_alloc(64, sizeof(Eight) * (size_t)((4 * m + 1) * eights));
  double *rows = malloc(sizeof(double) * (size_t)(m * (d + 1) + 2 * d));
  if (!held || !rows) { free(held); free(rows); return 1; }
  PairLevels at = {held, held + m * eights, held + 2 * m * eights, held + 3 * m * eights,
                   held + 4 * m * eights, rows, rows + m * d};
  for (long g = 0; g < 8 * eights; g++)
    at.masses[g / 8][g % 8] = g < task->groups ? task->masses[g] : 0;
  for (long j = 0; j < m; j++) pair_level(task, &at, j, eights);
  for (long j = 0; j < m; j++)
    for (long k = j + 1; k < m; k++) {
      PairAngle angle = pair_angle(at.unit + j * d, at.unit + k * d, d);
      long rule = 0;
      while (rule < task->rules - 1 && !(fabs(angle.r) < task->limits[rule])) rule++;
      long from = rule * MOST_NODES;
      pair_add(task, &at, j, k, eights, angle, (int)task->counts[rule], task->nodes + from,
               task->weights + from, rule == task->rules - 1);
    }
  *task->value = 1;
  for (long j = 0; j < m; j++) pair_gradient(task, &at, j, eights, rows + m * (d + 1));
  free(held);
  free(rows);
  return 0;
}
