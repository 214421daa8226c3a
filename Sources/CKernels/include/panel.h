// Rows times one panel of weights: the product that scoring spends its time in.
#pragma once

#include <stddef.h>

#include "cells.h"
#include "isa.h"
#include "status.h"
#include "weights.h"

/// Floats of scratch that `lp_multiply_panel` needs, and rows of a block that suit its caches; any number is right.
enum {
    LP_PANEL_SCRATCH = 64 * 64,
    LP_PANEL_ROWS = 192,
};

/// tile = rows [first_row, first_row + rows) of x times one panel.
///
/// float32 cells, stored weights: y = fma(x[k], w[k], y) over ascending inputs k, from y = 0. int8 cells and weights:
/// y = fma((float)dot * weight_scale, x_scale, y) over ascending groups, where dot, the integer sum of q_x * q_w, is
/// exact; then y = fma(x[j], w[j], y) over ascending outlier inputs j. In every isa, so that a row's bits depend on
/// nothing but the row.
///
/// LP_BAD_SHAPE where x and the weights do not fit one another, LP_BAD_INDEX where the panel is past the end.
lp_status lp_multiply_panel(
    lp_isa isa, const lp_weights *weights, size_t panel, const lp_cells *x, size_t first_row, size_t rows,
    float *scratch, // [LP_PANEL_SCRATCH], aligned to 64 bytes
    float *tile     // [rows, 64], aligned to 64 bytes
);

/// The same, and meanwhile what the tile will be stored in or added to comes into the second-level cache.
lp_status lp_multiply_panel_toward(
    lp_isa isa, const lp_weights *weights, size_t panel, const lp_cells *x, size_t first_row, size_t rows,
    float *scratch, float *tile,
    const float *y, // [rows, stride], at the panel's first column; only its addresses are used
    size_t stride
);
