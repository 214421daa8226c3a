// Asks a matrix product whether rows look at each other.
//
// Libraries choose kernels by shape and machine, and some treat the rows of one call differently. Measured with OpenBLAS
// 0.3.21 on tiles of 64 rows: its kernels for AVX-512 (SkylakeX), Sandybridge, Nehalem and Prescott are steady for every
// shape tried, the one for AVX2 (Haswell, Zen) is not for most of them. So when a model is loaded, every shape it uses is
// asked on this very machine.
#pragma once

#include <stddef.h>

#include "product.h"

/// Floats of scratch that `lp_product_is_steady` needs.
size_t lp_steadiness_scratch(size_t inputs, size_t columns);

/// 1 if a row of a tile gets the same bits at all 64 positions, beside equal, random, very large and zero neighbours;
/// else 0.
///
/// Seven products of one tile, on numbers made from `seed`.
int lp_product_is_steady(
    lp_product product,
    size_t inputs,
    size_t columns, // <= LP_PANEL_COLUMNS
    unsigned seed,
    float *scratch // [lp_steadiness_scratch(inputs, columns)]
);
