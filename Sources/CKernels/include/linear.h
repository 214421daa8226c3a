// Linear layers, y = x W^T + b, on weights as stored.
//
// Rows go to the matrix product in tiles of LP_TILE_ROWS, the last one padded with zeros, and columns in panels of
// LP_PANEL_COLUMNS. Every tile of a panel is therefore the very same call: same sizes, same strides, same weights;
// only the rows' values differ. With a product whose rows do not look at one another (steadiness.h asks it) a row's
// bits depend on nothing but the row.
#pragma once

#include <stddef.h>

#include "product.h"
#include "status.h"
#include "widen.h"

/// One linear layer; it borrows its memory.
typedef struct lp_linear {
    const void *weight; // [outputs, inputs] stored as dtype
    const float *bias;  // [outputs], or NULL
    size_t inputs;
    size_t outputs;
    lp_dtype dtype;
    lp_product product;
} lp_linear;

/// How many panels a layer has; the last one may be narrower.
size_t lp_linear_panels(size_t outputs);

/// Floats of scratch that `lp_linear_panel` needs.
size_t lp_linear_scratch(size_t inputs);

/// Computes the columns of one panel for all rows: y = x W^T + b, or y += x W^T + b where `accumulate` is not 0.
///
/// Different panels, and different rows of the same panel, may be computed by different threads, each with its own
/// scratch.
lp_status lp_linear_panel(
    const lp_linear *layer,
    size_t panel,   // < lp_linear_panels(layer->outputs)
    const float *x, // [rows, inputs]
    size_t rows,
    int accumulate,
    float *y,      // [rows, outputs]; not x
    float *scratch // [lp_linear_scratch(layer->inputs)]
);
