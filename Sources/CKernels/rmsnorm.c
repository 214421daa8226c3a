// Normalises rows by their root mean square.
#include "rmsnorm.h"

#include <math.h>

#include "cpu.h"
#include "lanes.h"
#include "rows.h"

LP_INLINE void forward(const float *x, const float *weight, float epsilon, size_t rows, size_t width, float *out) {
    for (size_t row = 0; row < rows; row++) lp_norm_row(x + row * width, weight, epsilon, width, out + row * width);
}

#if defined(__x86_64__)
LP_TARGET_AVX2 static void forward_avx2(
    const float *x, const float *weight, float epsilon, size_t rows, size_t width, float *out
) {
    forward(x, weight, epsilon, rows, width, out);
}

LP_TARGET_AVX512 static void forward_avx512(
    const float *x, const float *weight, float epsilon, size_t rows, size_t width, float *out
) {
    forward(x, weight, epsilon, rows, width, out);
}
#endif

void lp_rmsnorm(
    lp_isa isa, const float *x, const float *weight, float epsilon, size_t rows, size_t width, float *out
) {
#if defined(__x86_64__)
    if (isa == LP_AVX512 || isa == LP_AVX512_VNNI) {
        forward_avx512(x, weight, epsilon, rows, width, out);
        return;
    }
    if (isa == LP_AVX2) {
        forward_avx2(x, weight, epsilon, rows, width, out);
        return;
    }
#endif
    (void)isa;
    forward(x, weight, epsilon, rows, width, out);
}

// What follows is training's, which promises no bits from version to version: the compiler may fuse as it likes.
#pragma STDC FP_CONTRACT DEFAULT

LP_INLINE void backward(
    const float *x, const float *weight, const float *dy, float epsilon, size_t rows, size_t width, float *dx,
    float *dweight
) {
    for (size_t row = 0; row < rows; row++) {
        const float *restrict from = x + row * width;
        const float *restrict d = dy + row * width;
        float *restrict to = dx + row * width;
        float scale = 1.0f / sqrtf(lp_dot(from, from, width) / (float)width + epsilon);
        float lanes[LP_LANES] = {0};
        size_t i = 0;
        for (; i + LP_LANES <= width; i += LP_LANES) {
            for (size_t lane = 0; lane < LP_LANES; lane++) {
                lanes[lane] += weight[i + lane] * d[i + lane] * from[i + lane];
            }
        }
        for (; i < width; i++) lanes[0] += weight[i] * d[i] * from[i];
        float shared = scale * scale * scale * lp_sum_of_lanes(lanes) / (float)width;
        for (size_t k = 0; k < width; k++) to[k] += scale * weight[k] * d[k] - from[k] * shared;
        if (!dweight) continue;
        for (size_t k = 0; k < width; k++) dweight[k] += d[k] * from[k] * scale;
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void backward_avx2(
    const float *x, const float *weight, const float *dy, float epsilon, size_t rows, size_t width, float *dx,
    float *dweight
) {
    backward(x, weight, dy, epsilon, rows, width, dx, dweight);
}
#else
#define backward_avx2 backward
#endif

void lp_rmsnorm_backward(
    const float *x, const float *weight, const float *dy, float epsilon, size_t rows, size_t width, float *dx,
    float *dweight
) {
    if (lp_has_avx2()) {
        backward_avx2(x, weight, dy, epsilon, rows, width, dx, dweight);
    } else {
        backward(x, weight, dy, epsilon, rows, width, dx, dweight);
    }
}
