// Root mean square normalisation of rows.
#pragma once

#include <stddef.h>

/// out[r] = weight * (x[r] / sqrt(mean(x[r]^2) + epsilon)); `out` may be `x`.
///
/// The norm of each head's queries and keys (Qwen3) is the same operation on [rows * heads, dimension].
void lp_rmsnorm(
    const float *x,      // [rows, width]
    const float *weight, // [width]
    float epsilon,
    size_t rows,
    size_t width, // > 0
    float *out    // [rows, width]
);
