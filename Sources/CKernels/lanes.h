// Sums in sixteen lanes, in one fixed order.
//
// Strict floating point keeps the order in which it is written, so a sum in one variable cannot be vectorised. Sixteen
// sums side by side can; their bits are then those of this order on every machine and in every vector width.
#pragma once

#include <stddef.h>

enum { LP_LANES = 16 };

/// The sum of the lanes: halves are added to halves.
static inline __attribute__((always_inline)) float lp_sum_of_lanes(const float lanes[LP_LANES]) {
    float half[LP_LANES / 2];
    for (size_t lane = 0; lane < LP_LANES / 2; lane++) half[lane] = lanes[lane] + lanes[lane + LP_LANES / 2];
    for (size_t width = LP_LANES / 4; width > 0; width /= 2) {
        for (size_t lane = 0; lane < width; lane++) half[lane] += half[lane + width];
    }
    return half[0];
}

/// Sum of a[i] * b[i] for i < count, each step of a lane one fused multiply-add.
static inline __attribute__((always_inline)) float lp_dot(
    const float *restrict a, const float *restrict b, size_t count
) {
    float lanes[LP_LANES] = {0};
    size_t i = 0;
    for (; i + LP_LANES <= count; i += LP_LANES) {
        for (size_t lane = 0; lane < LP_LANES; lane++) {
            lanes[lane] = __builtin_fmaf(a[i + lane], b[i + lane], lanes[lane]);
        }
    }
    for (size_t lane = 0; i + lane < count; lane++) lanes[lane] = __builtin_fmaf(a[i + lane], b[i + lane], lanes[lane]);
    return lp_sum_of_lanes(lanes);
}
