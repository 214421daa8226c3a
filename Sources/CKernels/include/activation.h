// Activations between linear layers.
#pragma once

#include <stddef.h>

#include "isa.h"

/// gate[i] = silu(gate[i]) * up[i], silu(x) = x / (1 + e^-x).
void lp_silu_times(
    lp_isa isa,
    float *gate,     // [count]
    const float *up, // [count]
    size_t count
);

/// x[i] = max(x[i], 0); NaN stays NaN.
void lp_relu(
    float *x, // [count]
    size_t count
);
