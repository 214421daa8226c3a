// Activations as products read them: cells of 256 bytes.
//
// Cell after cell, each with all rows, so that the same cell of a block of rows is one contiguous piece of memory.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "isa.h"
#include "status.h"

enum {
    LP_CELL_BYTES = 256,
    LP_CELL_FLOATS = 64, // inputs of one float32 cell
    LP_GROUP = 256,      // inputs of one int8 cell: those that share a scale
};

/// Rows of activations, float32 or int8; it borrows its memory.
///
/// int8: x = q * scale, q in -127..127, scale = (largest |x| of the group) / 127. A group whose largest |x| is under
/// 2^-119, where 127 / |x| could overflow, is all zeros, with scale 0. A group with an infinity or a NaN has the scale
/// NaN, and so every output of its row is NaN: never a silent number.
typedef struct lp_cells {
    void *cells;     // float32: [ceil(width / 64), capacity, 64], past the width anything;
                     // int8: uint8 [ceil(width / 256), capacity, 256], q + 128, past the width 128
    float *scales;   // int8: [ceil(width / 256), capacity]; else NULL
    float *outliers; // int8: [capacity, outlier_count], the float32 values of the outlier inputs; else NULL
    const uint32_t *outlier_inputs; // [outlier_count], ascending; their q is 0 and they do not count for the scale
    size_t outlier_count;
    size_t capacity; // rows
    size_t width;    // inputs
    int is_int8;
} lp_cells;

/// Bytes of `cells` for that many rows.
size_t lp_cells_bytes(size_t width, size_t capacity, int is_int8);

/// Fills inputs [first_input, first_input + count) of rows [first_row, first_row + rows) from float32 rows.
///
/// Both ends lie between cells, or the upper one at the width; LP_BAD_SHAPE otherwise.
lp_status lp_cells_fill(
    lp_isa isa, const lp_cells *x,
    const float *from, // [rows, stride], at first_input
    size_t stride, size_t first_row, size_t rows, size_t first_input, size_t count
);
