// Root mean square normalisation of rows.
#pragma once

#include <stddef.h>

#include "isa.h"

/// out[r] = weight * (x[r] / sqrt(mean(x[r]^2) + epsilon)); `out` may be `x`.
///
/// The norm of each head's queries and keys (Qwen3) is the same operation on [rows * heads, dimension].
void lp_rmsnorm(
    lp_isa isa,
    const float *x,      // [rows, width]
    const float *weight, // [width]
    float epsilon,
    size_t rows,
    size_t width, // > 0
    float *out    // [rows, width]
);

/// What the rows and the weight of `lp_rmsnorm` were worth: with r = 1 / sqrt(mean(x^2) + epsilon),
/// dx += r weight dy - x r^3 / width sum(weight dy x), and dweight += dy x r summed over rows.
void lp_rmsnorm_backward(
    const float *x,      // [rows, width]
    const float *weight, // [width]
    const float *dy,     // [rows, width]
    float epsilon,
    size_t rows,
    size_t width,
    float *dx,     // [rows, width]
    float *dweight // [width], or NULL
);
