// Sixteen numbers side by side, whatever the machine's registers.
//
// The compiler cuts these types into what a target has: one AVX-512 register, two of AVX2, four of NEON. So one inline
// function, called from functions of several targets, is several versions of one definition. None takes or gives a
// vector by value: how one is passed depends on the target. `aligned` lets them be read from any array of numbers.
#pragma once

#include <stddef.h>
#include <stdint.h>

// A multiply and an add are fused where it is written, and only there.
#pragma STDC FP_CONTRACT OFF

#define LP_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define LP_TARGET_AVX2 __attribute__((target("avx2,fma")))
#define LP_TARGET_AVX512 __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))
#define LP_TARGET_VNNI __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#endif

enum { LP_VECTOR = 16 };

typedef float lp_floats __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef int32_t lp_ints __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef uint32_t lp_words __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef uint16_t lp_halves __attribute__((ext_vector_type(16), aligned(2), may_alias));
typedef uint8_t lp_bytes __attribute__((ext_vector_type(16), aligned(1), may_alias));
