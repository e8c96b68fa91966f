/* Compiled by theorylab/native/compiler.py; see mixture.h, flow.h, sampler.h, transition.h. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REAL float
#define NAME(x) x##_float32
#define INTEGER int32_t
#define UNSIGNED uint32_t
#define ROUNDER 12582912.0
#define MANTISSA 23
#define BIAS 127
#define LN2_HIGH 0.693359375
#define LN2_LOW -2.12194440054690582e-4
#define EXPONENT_FLOOR -80.0
#define RELATIVE FLT_EPSILON
#define HUGE 1e30
#define size_float32 fabsf
#define root_float32 sqrtf
#define SQRT_HALF_BITS 0x3F3504F3
#define PER_CALL 4
#define UNIFORM(word, p, i, k) (((float)word[(p) + (k)][i] + 0.5f) * 2.3283064365386963e-10f)
#define EXP_TERMS (1+r*(1+r*(1/2.f+r*(1/6.f+r*(1/24.f+r*(1/120.f+r*(1/720.f+r/5040.f)))))))
#include "mixture.h"
#include "flow.h"
#include "sampler.h"
#include "transition.h"

#undef REAL
#undef NAME
#undef INTEGER
#undef UNSIGNED
#undef ROUNDER
#undef MANTISSA
#undef BIAS
#undef LN2_HIGH
#undef LN2_LOW
#undef EXPONENT_FLOOR
#undef RELATIVE
#undef SQRT_HALF_BITS
#undef PER_CALL
#undef UNIFORM
#undef HUGE
#undef EXP_TERMS

#define REAL double
#define NAME(x) x##_float64
#define INTEGER int64_t
#define UNSIGNED uint64_t
#define ROUNDER 6755399441055744.0
#define MANTISSA 52
#define BIAS 1023
#define LN2_HIGH 0.693145751953125
#define LN2_LOW 1.42860682030941723212e-6
#define EXPONENT_FLOOR -700.0
#define RELATIVE DBL_EPSILON
#define HUGE 1e300
#define size_float64 fabs
#define root_float64 sqrt
#define SQRT_HALF_BITS 0x3FE6A09E667F3BCD
#define PER_CALL 2
#define UNIFORM(word, p, i, k) \
  (((double)((((uint64_t)word[2 * (k)][i] << 32) | word[2 * (k) + 1][i]) >> 11) + 0.5) \
   * 1.1102230246251565e-16)
#define EXP_TERMS (1+r*(1+r*(1/2.+r*(1/6.+r*(1/24.+r*(1/120.+r*(1/720.+r*(1/5040.+r*(1/40320. \
  +r*(1/362880.+r*(1/3628800.+r*(1/39916800.+r*(1/479001600. \
  +r*(1/6227020800.))))))))))))))
#include "mixture.h"
#include "flow.h"
#include "sampler.h"
#include "transition.h"
#include "transport.h"
