/* Compiled by theorylab/native/compiler.py; see the headers that are included. */
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
#if defined __FMA__ || defined __ARM_FEATURE_FMA
/* One number for ln 2, relative error 2.7e-9: 0.023 FLT_EPSILON |x| of the exponential of x. */
#define REST(x, n) ((x) - (n) * 0.69314718055994530942f)
#else
#define REST(x, n) (((x) - (n) * 0.693359375f) + (n) * 2.12194440054690582e-4f)
#endif
#define GROUP 32
#define EXPONENT_FLOOR -80.0
#define RELATIVE FLT_EPSILON
#define HUGE 1e30
#define size_float32 fabsf
#define root_float32 sqrtf
#define SQRT_HALF_BITS 0x3F3504F3
#define PER_CALL 4
#define UNIFORM(word, p, i, k) (((float)word[(p) + (k)][i] + 0.5f) * 2.3283064365386963e-10f)
/* Remez, relative error 3.3e-9 on |r| <= ln(2) / 2 */
#define EXP_TERMS (1+r*(1+r*(4.9999997020e-1f+r*(1.6666516662e-1f+r*(4.1668456048e-2f \
  +r*(8.3694187924e-3f+r*1.3813144760e-3f))))))
#include "mixture.h"
#include "axes.h"
#include "flow.h"
#include "sampler.h"
#include "transition.h"

#undef REAL
#undef NAME
#undef INTEGER
#undef UNSIGNED
#undef ROUNDER
#undef MANTISSA
#undef REST
#undef GROUP
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
#define REST(x, n) (((x) - (n) * 0.693145751953125) - (n) * 1.42860682030941723212e-6)
#define GROUP 16
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
/* Remez, relative error 3.7e-18 on |r| <= ln(2) / 2 */
#define EXP_TERMS (1+r*(1+r*(0.5000000000000011+r*(0.1666666666666641+r*(0.04166666666652919 \
  +r*(0.008333333333495603+r*(0.00138888889439227+r*(0.00019841269504811566 \
  +r*(2.4801492762825707e-05+r*(2.755758730194384e-06+r*(2.7630378584665763e-07 \
  +r*2.49999776592806e-08)))))))))))
#include "mixture.h"
#include "axes.h"
#include "flow.h"
#include "sampler.h"
#include "transition.h"
#include "mills.h"
#include "transport.h"
#include "pairs.h"
