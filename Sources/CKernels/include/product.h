// A tile of rows times a panel of columns, out = tile W^T.
#pragma once

#include <stddef.h>

enum {
    LP_TILE_ROWS = 64,
    LP_PANEL_COLUMNS = 128,
};

/// One product; all sizes but `inputs` are bounded, and every call for one panel differs in the rows' values only.
typedef void (*lp_product)(
    const float *tile,  // [LP_TILE_ROWS, inputs]
    const float *panel, // [columns, inputs]
    size_t inputs,      // <= INT32_MAX
    size_t columns,     // <= LP_PANEL_COLUMNS
    float *out          // [LP_TILE_ROWS, columns]
);

/// By the BLAS. Whether a row's bits depend on its neighbours is the BLAS's affair: see steadiness.h.
void lp_product_blas(const float *tile, const float *panel, size_t inputs, size_t columns, float *out);

/// By our own loops, in one order for every element, so that neighbours never matter.
void lp_product_own(const float *tile, const float *panel, size_t inputs, size_t columns, float *out);

/// The same, compiled for the least machine; the bits may differ from `lp_product_own` by rounding.
void lp_product_own_plain(const float *tile, const float *panel, size_t inputs, size_t columns, float *out);

/// Makes the BLAS compute every call on the calling thread, for the whole process; call it before the first product.
void lp_blas_use_one_thread(void);
