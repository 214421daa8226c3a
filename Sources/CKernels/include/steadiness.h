// Asks a matrix product whether a row's bits depend on its company.
//
// Libraries choose kernels by shape, and some treat the rows of one call differently: OpenBLAS 0.3.21 on AVX-512 does when the number
// of rows varies. Measured rather than assumed: when a model is loaded every shape it uses is asked on this very machine.
#pragma once

#include <stddef.h>

#include "linear.h"

/// Floats of scratch that `lp_product_is_steady` needs.
size_t lp_steadiness_scratch(size_t inputs, size_t columns);

/// 1 if a row of a tile gets the same bits at all 64 positions, beside equal, random, very large and zero neighbours; else 0.
///
/// Seven products of one tile, on numbers made from `seed`.
int lp_product_is_steady(
    lp_product product,
    size_t inputs,
    size_t columns, // <= LP_PANEL_COLUMNS
    unsigned seed,
    float *scratch // [lp_steadiness_scratch(inputs, columns)]
);
