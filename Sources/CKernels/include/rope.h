// Rotary position embedding, half-split (NeoX) layout.
//
// frequency[j] = 1 / theta^(2j / dimension) and angle = position * frequency[j], each rounded to float32 as
// transformers rounds it (modeling_rope_utils `_compute_default_rope_parameters`, Qwen2RotaryEmbedding.forward): at
// large positions the rounding of the angle is far larger than 1e-5, so it has to be the same one.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "isa.h"
#include "status.h"

/// The inverse frequencies of one head.
lp_status lp_rope_frequencies(
    double theta,     // > 0
    size_t dimension, // of a head; even
    float *frequency  // [dimension / 2]
);

/// Linear scaling: every frequency is divided by the factor (`_compute_linear_scaling_rope_parameters`).
void lp_rope_stretch(
    float *frequency, // [count]
    size_t count,
    float factor
);

/// Llama 3.1's scaling (`_compute_llama3_parameters`): a wavelength of more than positions / low is stretched by the
/// factor, one of less than positions / high is kept, and those between are blended.
void lp_rope_stretch_llama3(
    float *frequency, // [count]
    size_t count,
    double factor,
    double low, // < high
    double high,
    double positions // of the context before it was stretched
);

/// cosine and sine of every angle, by libm: from one libm to another their last bits may differ.
void lp_rope_angles(
    const int32_t *positions, // [rows]
    size_t rows,
    const float *frequency, // [dimension / 2]
    size_t dimension,
    float *cosine, // [rows, dimension / 2]
    float *sine    // [rows, dimension / 2]
);

/// Rotates in place: (a, b) -> (a cos - b sin, b cos + a sin), where a and b are the two halves of a head; the same
/// bits in every version.
void lp_rope_rotate(
    lp_isa isa,
    float *x,            // [rows, heads, dimension]
    const float *cosine, // [rows, dimension / 2]
    const float *sine,   // [rows, dimension / 2]
    size_t rows,
    size_t heads,
    size_t dimension
);

/// The same for heads that stand `stride` floats apart from row to row; with `direction` -1 it turns back, which is also
/// the gradient of turning forth.
void lp_rope_turn(
    lp_isa isa,
    float *x,            // the first row's first head
    size_t stride,       // from row to row, >= heads * dimension
    const float *cosine, // [rows, dimension / 2]
    const float *sine,   // [rows, dimension / 2]
    float direction,     // 1 or -1
    size_t rows,
    size_t heads,
    size_t dimension
);
