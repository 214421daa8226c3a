// What becomes of a tile, the [rows, 64] that a panel's product gives.
#pragma once

#include <stddef.h>

#include "isa.h"

/// y = tile + bias.
void lp_tile_store(
    lp_isa isa,
    const float *tile, // [rows, 64]
    const float *bias, // [columns], or NULL
    size_t rows, size_t columns,
    float *y, // [rows, stride]
    size_t stride
);

/// y = y + (tile + bias).
void lp_tile_add(
    lp_isa isa,
    const float *tile, // [rows, 64]
    const float *bias, // [columns], or NULL
    size_t rows, size_t columns,
    float *y, // [rows, stride]
    size_t stride
);

/// y = silu(gate) * up, columns 0..31 of the tile (and bias) the gate and 32..63 up; silu(g) = g / (1 + e^-g).
void lp_tile_gate(
    lp_isa isa,
    const float *tile, // [rows, 64]
    const float *bias, // [64], or NULL
    size_t rows,
    size_t columns, // <= 32
    float *y,       // [rows, stride]
    size_t stride
);
