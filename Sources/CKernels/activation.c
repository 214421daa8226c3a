// Applies activations in place.
#include "activation.h"

#include "cpu.h"
#include "exponential.h"

static inline __attribute__((always_inline)) void silu_times(
    float *restrict gate, const float *restrict up, size_t count
) {
    for (size_t i = 0; i < count; i++) gate[i] = gate[i] / (1.0f + lp_exp(-gate[i])) * up[i];
}

void lp_silu_times_plain(float *gate, const float *up, size_t count) { silu_times(gate, up, count); }

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void silu_times_avx2(float *gate, const float *up, size_t count) {
    silu_times(gate, up, count);
}
#endif

void lp_silu_times(float *gate, const float *up, size_t count) {
#if defined(__x86_64__)
    if (lp_has_avx2()) {
        silu_times_avx2(gate, up, count);
        return;
    }
#endif
    lp_silu_times_plain(gate, up, count);
}

void lp_relu(float *x, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] = x[i] < 0.0f ? 0.0f : x[i];
}
