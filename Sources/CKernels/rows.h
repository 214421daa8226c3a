// The norm of one row and the turn of one head.
//
// Internal: what rmsnorm.c and rope.c do to rows, projection.c does to heads. The loops carry nothing from one element
// to the next, so they may work in place; the compiler is told so, since it cannot see it.
#pragma once

#include <math.h>
#include <stddef.h>

#include "lanes.h"
#include "vectors.h"

/// to = weight * (from / sqrt(mean(from^2) + epsilon)); `to` is `from` or apart from it.
LP_INLINE void lp_norm_row(const float *from, const float *weight, float epsilon, size_t width, float *to) {
    float scale = 1.0f / sqrtf(lp_dot(from, from, width) / (float)width + epsilon);
#pragma clang loop vectorize(assume_safety)
    for (size_t i = 0; i < width; i++) to[i] = weight[i] * (from[i] * scale);
}

/// (a, b) -> (a cos - b sin, b cos + a sin) of the halves of a head, the second product of each fused.
LP_INLINE void lp_turn_head(
    const float *from, const float *cosine, const float *sine, float direction, size_t half, float *to
) {
#pragma clang loop vectorize(assume_safety)
    for (size_t j = 0; j < half; j++) {
        float a = from[j];
        float b = from[half + j];
        float turned = direction * sine[j];
        to[j] = __builtin_fmaf(a, cosine[j], -(b * turned));
        to[half + j] = __builtin_fmaf(b, cosine[j], a * turned);
    }
}
