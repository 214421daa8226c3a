// Activations between linear layers.
#pragma once

#include <stddef.h>

/// gate[i] = silu(gate[i]) * up[i], silu(x) = x / (1 + e^-x).
void lp_silu_times(
    float *gate,     // [count]
    const float *up, // [count]
    size_t count
);

/// The same, compiled for the least machine; the bits may differ from `lp_silu_times` by rounding.
void lp_silu_times_plain(float *gate, const float *up, size_t count);

/// x[i] = max(x[i], 0); NaN stays NaN.
void lp_relu(
    float *x, // [count]
    size_t count
);
