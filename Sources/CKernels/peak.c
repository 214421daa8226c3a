// Keeps the multipliers busy.
//
// Every sum is a term of its own next product or hidden from the optimiser, so that no loop can be shortened; there are
// as many sums as hide the latency.
#include "peak.h"

#include "vectors.h"

/// Reads all sums in a way that the optimiser must believe in.
LP_INLINE void use(const void *sums, size_t bytes) {
    const volatile char *at = sums;
    for (size_t i = 0; i < bytes; i += LP_VECTOR) (void)at[i];
}

/// `count` sums of 16 float32; with `fused` the loop of a machine that has fused multiply-adds.
LP_INLINE uint64_t float_rounds(const size_t count, const int fused, size_t rounds) {
    volatile float factor = 0.5f;
    lp_floats sums[28];
    lp_floats a = (lp_floats)(factor);
    lp_floats b = (lp_floats)(factor);
    for (size_t i = 0; i < count; i++) sums[i] = (lp_floats)(factor);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++) sums[i] = fused ? __builtin_elementwise_fma(sums[i], a, b) : sums[i] * a + b;
    }
    use(sums, sizeof sums[0] * count);
    return (uint64_t)rounds * count * LP_VECTOR * 2;
}

static uint64_t int8_plain(size_t rounds) {
    enum { SUMS = 3 };
    volatile int32_t factor = 77;
    lp_ints sums[SUMS];
    lp_ints a = (lp_ints)(factor);
    lp_ints b = (lp_ints)(factor);
    for (size_t i = 0; i < SUMS; i++) sums[i] = a;
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = sums[i] * a + b;
    }
    use(sums, sizeof sums);
    return (uint64_t)rounds * SUMS * LP_VECTOR * 2;
}

#if defined(__x86_64__)
#include <immintrin.h>

LP_TARGET_AVX2 static uint64_t int8_avx2(size_t rounds) {
    enum { SUMS = 12 };
    volatile char factor = 77;
    __m256i sums[SUMS];
    __m256i a = _mm256_set1_epi8(factor);
    for (size_t i = 0; i < SUMS; i++) sums[i] = a;
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < SUMS; i++) {
            __m256i pairs = _mm256_maddubs_epi16(a, sums[i]);
            sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
        }
    }
    use(sums, sizeof sums);
    return (uint64_t)rounds * SUMS * 32 * 2;
}

LP_TARGET_VNNI static uint64_t int8_vnni(size_t rounds) {
    enum { SUMS = 24 };
    volatile char factor = 77;
    __m512i sums[SUMS];
    __m512i a = _mm512_set1_epi8(factor);
    for (size_t i = 0; i < SUMS; i++) sums[i] = a;
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = _mm512_dpbusd_epi32(sums[i], a, a);
    }
    use(sums, sizeof sums);
    return (uint64_t)rounds * SUMS * 64 * 2;
}

LP_TARGET_AVX2 static uint64_t float_avx2(size_t rounds) { return float_rounds(6, 1, rounds); }

LP_TARGET_AVX512 static uint64_t float_avx512(size_t rounds) { return float_rounds(24, 1, rounds); }
#elif defined(__aarch64__)
#include <arm_neon.h>

__attribute__((target("dotprod"))) static uint64_t int8_dotprod(size_t rounds) {
    enum { SUMS = 24 };
    volatile int8_t factor = 77;
    int32x4_t sums[SUMS];
    int8x16_t a = vdupq_n_s8(factor);
    for (size_t i = 0; i < SUMS; i++) sums[i] = vdupq_n_s32(factor);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = vdotq_s32(sums[i], vreinterpretq_s8_s32(sums[i]), a);
    }
    use(sums, sizeof sums);
    return (uint64_t)rounds * SUMS * 16 * 2;
}
#endif

uint64_t lp_peak_int8(lp_isa isa, size_t rounds) {
#if defined(__x86_64__)
    if (isa == LP_AVX512_VNNI) return int8_vnni(rounds);
    if (isa == LP_AVX2 || isa == LP_AVX512) return int8_avx2(rounds);
#elif defined(__aarch64__)
    if (isa == LP_DOTPROD) return int8_dotprod(rounds);
#endif
    (void)isa;
    return int8_plain(rounds);
}

uint64_t lp_peak_float(lp_isa isa, size_t rounds) {
#if defined(__x86_64__)
    if (isa == LP_AVX512 || isa == LP_AVX512_VNNI) return float_avx512(rounds);
    if (isa == LP_AVX2) return float_avx2(rounds);
    return float_rounds(3, 0, rounds);
#else
    (void)isa;
    return float_rounds(6, 1, rounds);
#endif
}
