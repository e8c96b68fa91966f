/* Compiled by theorylab/native/compiler.py; see mixture.h and flow.h. */
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
#define EXP_TERMS (1+r*(1+r*(1/2.f+r*(1/6.f+r*(1/24.f+r*(1/120.f+r*(1/720.f+r/5040.f)))))))
#include "mixture.h"
#include "flow.h"

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
#define EXP_TERMS (1+r*(1+r*(1/2.+r*(1/6.+r*(1/24.+r*(1/120.+r*(1/720.+r*(1/5040.+r*(1/40320. \
  +r*(1/362880.+r*(1/3628800.+r*(1/39916800.+r*(1/479001600. \
  +r*(1/6227020800.))))))))))))))
#include "mixture.h"
#include "flow.h"
