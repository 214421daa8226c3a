// The gated activation of training, and its gradient.
#pragma once

#include <stddef.h>

/// out = silu(gate) * up, gate and up side by side.
void lp_gated_forward(
    const float *gate_up, // [rows, 2, width]
    size_t rows,
    size_t width,
    float *out // [rows, width]
);

/// gate_up becomes its own gradient: d up = dout silu(gate), d gate = dout up silu'(gate), where
/// silu'(x) = s (1 + x (1 - s)) with s = 1 / (1 + e^-x).
void lp_gated_backward(
    float *gate_up,    // [rows, 2, width]
    const float *dout, // [rows, width]
    size_t rows,
    size_t width
);
