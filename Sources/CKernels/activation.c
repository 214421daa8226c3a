// Applies activations in place.
#include "activation.h"

#include "exponential.h"
#include "vectors.h"

LP_INLINE void silu_times(float *restrict gate, const float *restrict up, size_t count) {
    for (size_t i = 0; i < count; i++) gate[i] = lp_silu(gate[i]) * up[i];
}

#if defined(__x86_64__)
LP_TARGET_AVX2 static void silu_times_avx2(float *gate, const float *up, size_t count) {
    silu_times(gate, up, count);
}

LP_TARGET_AVX512 static void silu_times_avx512(float *gate, const float *up, size_t count) {
    silu_times(gate, up, count);
}
#endif

void lp_silu_times(lp_isa isa, float *gate, const float *up, size_t count) {
#if defined(__x86_64__)
    if (isa == LP_AVX512 || isa == LP_AVX512_VNNI) {
        silu_times_avx512(gate, up, count);
        return;
    }
    if (isa == LP_AVX2) {
        silu_times_avx2(gate, up, count);
        return;
    }
#endif
    (void)isa;
    silu_times(gate, up, count);
}

void lp_relu(float *x, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] = x[i] < 0.0f ? 0.0f : x[i];
}
