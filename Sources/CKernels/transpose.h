// Sixteen rows of sixteen numbers, turned into columns.
//
// Internal: what attention.c packs keys with.
#pragma once

#include "vectors.h"

/// One perfect shuffle: the first half of the rows and the second are interleaved, number by number.
LP_INLINE void lp_shuffle(const lp_floats from[LP_VECTOR], lp_floats to[LP_VECTOR]) {
    for (size_t i = 0; i < LP_VECTOR / 2; i++) {
        lp_floats a = from[i];
        lp_floats b = from[i + LP_VECTOR / 2];
        to[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        to[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
}

/// to[i * stride + lane] = from[lane][i] for i and lane < 16: four perfect shuffles of 256 numbers swap row and column.
LP_INLINE void lp_transpose(const float *const from[LP_VECTOR], float *to, size_t stride) {
    lp_floats a[LP_VECTOR], b[LP_VECTOR];
    for (size_t i = 0; i < LP_VECTOR; i++) a[i] = *(const lp_floats *)from[i];
    lp_shuffle(a, b);
    lp_shuffle(b, a);
    lp_shuffle(a, b);
    lp_shuffle(b, a);
    for (size_t i = 0; i < LP_VECTOR; i++) *(lp_floats *)(to + i * stride) = a[i];
}
