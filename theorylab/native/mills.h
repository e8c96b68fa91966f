/* Mills' ratio R(x) = Phi(-x) / phi(x) of the normal law, for x >= 0, in float64.
 *
 * Included from mixture.c once. (x + 4) R(x) is a polynomial of t = (x - 4) / (x + 4), the
 * interpolant in Chebyshev's points cut at degree 24; relative error 5e-16 with its rounding
 * (tests/test_diffusion_quantiles.py). The two ways of summing it are for loops over lanes, where
 * four interleaved sums do not wait for each other, and for explicit vectors in pairs.h. */

static const double MILLS[25] = {
  1.8932190633084853, -1.5237709108199835, 0.9704095548675884, -0.4675409629983325,
  0.15139176231244347, -0.018900450861711264, -0.008722295274260152, 0.004087855681200147,
  0.0003342446162331312, -0.0005792693046484104, -4.783264261161754e-06, 8.809573121304938e-05,
  1.7963971280935711e-06, -1.4843277685502729e-05, -1.5787665822809093e-06, 2.568755322803362e-06,
  6.829634112450741e-07, -4.0049394279446096e-07, -2.1774198107626e-07, 4.4730610428195345e-08,
  5.371105908082586e-08, -1.4723040142999343e-09, -9.351348966427155e-09, -3.0073905403035833e-10,
  8.530853640649878e-10};

/* Four interleaved sums in t^4: a single one would wait for each product in turn. */
static inline __attribute__((always_inline)) double mills(double x) {
  double inverse = 1 / (x + 4), t = (x - 4) * inverse, square = t * t, fourth = square * square;
  double part[4] = {MILLS[20] + fourth * MILLS[24], MILLS[21], MILLS[22], MILLS[23]};
#pragma GCC unroll 5
  for (int n = 16; n >= 0; n -= 4) {
    part[0] = part[0] * fourth + MILLS[n], part[1] = part[1] * fourth + MILLS[n + 1];
    part[2] = part[2] * fourth + MILLS[n + 2], part[3] = part[3] * fourth + MILLS[n + 3];
  }
  return ((part[0] + part[1] * t) + square * (part[2] + part[3] * t)) * inverse;
}

/* The ratios of n numbers, for the tests. */
void mills_ratios(const double *x, long n, double *out) {
  for (long i = 0; i < n; i++) out[i] = mills(x[i]);
}
