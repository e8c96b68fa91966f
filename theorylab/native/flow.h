/* The probability flow in the clock, every trajectory with steps of its own.
 *
 * Included from mixture.c once for each number format, after mixture.h. Notation: tau in [0, T]
 * the way covered, u = from + direction tau, direction = 1 or -1,
 *   dy/dtau = direction (sum_k r_k mu_k - y),   variance of the shares s^2 = s0^2 exp(-2u).
 *
 * A lane of the vector unit holds one trajectory with its own tau and step; when it arrives, the
 * next trajectory of the range takes its place, beginning with a step of length 0, whose last
 * stage is the first slope. No lane waits for another, and none depends on another.
 *
 * Pair: Dormand and Prince (1980), 5(4), first slope same as last, with Shampine's interpolant. */

#ifndef FLOW_TABLES
#define FLOW_TABLES
static const double NODE[7] = {0, 1/5., 3/10., 4/5., 8/9., 1, 1};
static const double STAGE[7][6] = {
  {0},
  {1/5.},
  {3/40., 9/40.},
  {44/45., -56/15., 32/9.},
  {19372/6561., -25360/2187., 64448/6561., -212/729.},
  {9017/3168., -355/33., 46732/5247., 49/176., -5103/18656.},
  {35/384., 0, 500/1113., 125/192., -2187/6784., 11/84.}};
static const double ERROR[7] = {
  -71/57600., 0, 71/16695., -71/1920., 17253/339200., -22/525., 1/40.};
static const double INTERPOLANT[7][4] = {
  {1, -8048581381/2820520608., 8663915743/2820520608., -12715105075/11282082432.},
  {0},
  {0, 131558114200/32700410799., -68118460800/10900136933., 87487479700/32700410799.},
  {0, -1754552775/470086768., 14199869525/1410260304., -10690763975/1880347072.},
  {0, 127303824393/49829197408., -318862633887/49829197408., 701980252875/199316789632.},
  {0, -282668133/205662961., 2019193451/616988883., -1453857185/822651844.},
  {0, 40617522/29380423., -110615467/29380423., 69997945/29380423.}};
enum { ARRIVED = 0, NOT_FINITE = 1, TOO_MANY = 2, STUCK = 3 };
#endif

/* Arguments: starts (n, d), rows [first, last); outputs `times` (count) in tau, increasing, the
 * last of them T; states (count, n, d); evaluations and status (n). */
typedef struct {
  const REAL *starts, *means, *log_weights, *times;
  long n, modes, count, most;
  REAL from, direction, s0, rtol, atol;
  REAL *states;
  int64_t *evaluations;
  int32_t *status;
} NAME(FlowTask);

static void NAME(flow_rows)(
    const int d, const NAME(FlowTask) *task, long first, long last,
    REAL *restrict logits) {
  REAL y[MOST][LANES], ahead[MOST][LANES], slope[7][MOST][LANES], pulled[MOST][LANES];
  REAL scale[LANES];
  REAL tau[LANES], step[LANES], error[LANES];
  long row[LANES], output[LANES];
  int fresh[LANES], active = 0;
  const REAL whole = task->times[task->count - 1], tiny = (REAL)(4 * RELATIVE) * whole;
  long next = first;
  memset(slope, 0, sizeof slope);
  for (int i = 0; i < LANES; i++) {
    row[i] = next < last ? next++ : -1;
    active += row[i] >= 0;
    long from = row[i] >= 0 ? row[i] : first;
    for (int c = 0; c < d; c++) y[c][i] = task->starts[from * d + c];
    tau[i] = 0, step[i] = 0, fresh[i] = 1, output[i] = 0;
    if (row[i] >= 0) task->evaluations[row[i]] = 0;
  }
  while (active) {
    for (int stage = 1; stage < 7; stage++) {
      for (int c = 0; c < d; c++)
        for (int i = 0; i < LANES; i++) {
          REAL moved = 0;
          for (int j = 0; j < stage; j++) moved += (REAL)STAGE[stage][j] * slope[j][c][i];
          ahead[c][i] = y[c][i] + step[i] * moved;
        }
      for (int i = 0; i < LANES; i++) {
        REAL u = task->from + task->direction * (tau[i] + (REAL)NODE[stage] * step[i]);
        scale[i] = NAME(exponential)(2 * u) / (task->s0 * task->s0);
      }
      NAME(pull_any)(d, task->modes, task->means, task->log_weights, 0, 0, scale, ahead,
                     logits, pulled);
      for (int c = 0; c < d; c++)
        for (int i = 0; i < LANES; i++) slope[stage][c][i] = task->direction * pulled[c][i];
    }
    for (int i = 0; i < LANES; i++) error[i] = 0;
    for (int c = 0; c < d; c++)
      for (int i = 0; i < LANES; i++) {
        REAL off = 0;
        for (int j = 0; j < 7; j++) off += (REAL)ERROR[j] * slope[j][c][i];
        REAL a = NAME(size)(y[c][i]), b = NAME(size)(ahead[c][i]);
        REAL share = NAME(size)(step[i] * off) / (task->atol + task->rtol * (a > b ? a : b));
        error[i] = share <= error[i] ? error[i] : share; /* nan is taken over */
      }
    for (int i = 0; i < LANES; i++) {
      if (row[i] < 0) continue;
      int end = -1;
      task->evaluations[row[i]] += fresh[i] ? 1 : 6;
      if (fresh[i]) {
        REAL place = 0, rate = 0;
        for (int c = 0; c < d; c++) {
          REAL unit = task->atol + task->rtol * NAME(size)(y[c][i]);
          REAL a = NAME(size)(y[c][i]) / unit, b = NAME(size)(slope[6][c][i]) / unit;
          place = a > place ? a : place;
          rate = b > rate ? b : rate;
          slope[0][c][i] = slope[6][c][i];
          if (!(b < (REAL)HUGE)) end = NOT_FINITE;
        }
        step[i] = place > 1e-5 && rate > 1e-5 ? (REAL)0.01 * place / rate : (REAL)1e-4 * whole;
        step[i] = step[i] < whole ? step[i] : whole;
        fresh[i] = 0;
      } else if (!(error[i] < (REAL)HUGE)) {
        end = NOT_FINITE;
      } else {
        REAL reached = tau[i] + step[i] >= whole - tiny ? whole : tau[i] + step[i];
        REAL taken = step[i];
        /* 0.9 error^(-1/5), between 1/5 and 5 */
        REAL factor = error[i] > 0 ? (REAL)(0.9f * powf((float)error[i], -0.2f)) : 5;
        factor = factor < (REAL)0.2 ? (REAL)0.2 : factor > 5 ? 5 : factor;
        if (error[i] <= 1) {
          for (; output[i] < task->count && task->times[output[i]] <= reached; output[i]++) {
            REAL part = (task->times[output[i]] - tau[i]) / taken;
            REAL *state = task->states + (output[i] * task->n + row[i]) * d;
            for (int c = 0; c < d; c++) {
              REAL moved = 0;
              for (int j = 0; j < 7; j++) {
                const double *p = INTERPOLANT[j];
                REAL weight =
                    (REAL)p[0] + part * ((REAL)p[1] + part * ((REAL)p[2] + part * (REAL)p[3]));
                moved += weight * slope[j][c][i];
              }
              state[c] = task->times[output[i]] == reached ? ahead[c][i]
                                                           : y[c][i] + taken * part * moved;
            }
          }
          for (int c = 0; c < d; c++) {
            y[c][i] = ahead[c][i];
            slope[0][c][i] = slope[6][c][i];
          }
          tau[i] = reached;
          if (reached == whole) end = ARRIVED;
        }
        step[i] = taken * factor;
        if (end < 0 && step[i] < tiny) end = STUCK;
        if (end < 0 && task->evaluations[row[i]] + 6 > task->most) end = TOO_MANY;
        if (tau[i] + step[i] > whole - tiny) step[i] = whole - tau[i];
      }
      if (end < 0) continue;
      task->status[row[i]] = end;
      row[i] = next < last ? next++ : -1;
      active -= row[i] < 0;
      long from = row[i] >= 0 ? row[i] : first;
      for (int c = 0; c < d; c++) {
        y[c][i] = task->starts[from * d + c];
        for (int j = 0; j < 7; j++) slope[j][c][i] = 0;
      }
      tau[i] = 0, step[i] = 0, fresh[i] = 1, output[i] = 0;
      if (row[i] >= 0) task->evaluations[row[i]] = 0;
    }
  }
}

/* Entry: rows [first, last), d from 1 to 8. Returns 1 without memory, 2 for another d. */
int NAME(flow)(const NAME(FlowTask) *task, long first, long last, int d) {
  if (d < 1 || d > MOST) return 2;
  REAL *logits = aligned_alloc(64, sizeof(REAL) * GROUP * (size_t)task->modes);
  if (!logits) return 1;
  NAME(flow_rows)(d, task, first, last, logits);
  free(logits);
  return 0;
}
