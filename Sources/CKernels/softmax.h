// The softmax of one row of scores, block of keys by block of keys.
//
// Internal: the online softmax of attention.c (Milakov and Gimelshein 2018, arXiv:1805.02867). Weights are relative to
// the largest score so far; when a larger one comes, what was summed shrinks.
#pragma once

#include <math.h>

#include "exponential.h"
#include "vectors.h"

/// Some keys of a block: [low, high), none where low >= high.
typedef struct lp_span {
    size_t low;
    size_t high;
} lp_span;

/// Scores of keys that are not seen become those of no weight.
LP_INLINE void lp_hide(float *scores /* [columns] */, size_t columns, lp_span seen) {
    for (size_t k = 0; k < columns; k++) scores[k] = k >= seen.low && k < seen.high ? scores[k] : -INFINITY;
}

/// The largest of the scores and `least`; a NaN is passed over here, and comes back as a weight.
LP_INLINE float lp_largest(const float *scores /* [columns] */, size_t columns, float least) {
    lp_floats lanes = (lp_floats)(least);
    for (size_t k = 0; k < columns; k += LP_VECTOR) {
        lp_floats some = *(const lp_floats *)(scores + k);
        lanes = some > lanes ? some : lanes;
    }
    float eight[LP_VECTOR / 2];
    for (size_t i = 0; i < 8; i++) eight[i] = lanes[i + 8] > lanes[i] ? lanes[i + 8] : lanes[i];
    for (size_t width = 4; width > 0; width /= 2) {
        for (size_t i = 0; i < width; i++) eight[i] = eight[i + width] > eight[i] ? eight[i + width] : eight[i];
    }
    return eight[0];
}

/// Scores, at least one of them of a key that is seen, become weights; their sum is kept in sixteen lanes.
LP_INLINE void lp_weigh(
    float *scores,  // [columns]
    size_t columns, // a multiple of 16
    float largest,  // of the row so far, these scores among them
    float shrink,   // e^(what was the largest before - largest)
    float *sums     // [16]
) {
    lp_floats lanes = *(const lp_floats *)sums * (lp_floats)(shrink);
    for (size_t k = 0; k < columns; k += LP_VECTOR) {
        for (size_t lane = 0; lane < LP_VECTOR; lane++) scores[k + lane] = lp_exp(scores[k + lane] - largest);
        lanes += *(const lp_floats *)(scores + k);
    }
    *(lp_floats *)sums = lanes;
}
