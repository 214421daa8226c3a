// Causal attention that can be gone through backwards.
//
// softmax(q k^T / sqrt(d)) v for one head of one rollout, 64 queries at a time, products by the BLAS. The forward pass
// keeps one number a query, the logarithm of its softmax's sum; the backward pass computes the weights again from it
// (FlashAttention, Dao et al. 2022, arXiv:2205.14135, section 3.1 and appendix B.2), so that no square matrix is kept.
#pragma once

#include <stddef.h>

#include "status.h"

/// The attention of one layer over packed rollouts; it borrows its memory. Queries, keys and values of a row stand side
/// by side: [heads, dimension] [key_value_heads, dimension] [key_value_heads, dimension].
typedef struct lp_trained_attention {
    const float *projected; // [rows, (heads + 2 key_value_heads) * dimension], already turned by their positions
    float *out;             // [rows, heads, dimension]
    float *log_sum;         // [rows, heads]: log of the sum of e^score
    size_t heads;
    size_t key_value_heads; // divides heads
    size_t dimension;       // of a head
    size_t window;          // keys that a query sees, itself among them; 0 = all before it
} lp_trained_attention;

/// Floats of scratch that both passes need for rollouts of at most `length` rows.
size_t lp_trained_attention_scratch(size_t length);

/// Writes `out` and `log_sum` of one rollout, all heads.
lp_status lp_trained_attention_forward(
    const lp_trained_attention *attention,
    size_t first,  // the rollout's first row
    size_t length, // its rows, > 0
    float *scratch // [lp_trained_attention_scratch(length)]
);

/// gradient = d loss / d projected of one rollout, all heads, overwritten.
///
/// With P the weights, dP = dO V^T and D = sum(dO * O) a query: dV = P^T dO, dS = P * (dP - D) / sqrt(d), dQ = dS K,
/// dK = dS^T Q.
lp_status lp_trained_attention_backward(
    const lp_trained_attention *attention,
    size_t first,
    size_t length,
    const float *out_gradient, // [rows, heads, dimension]
    float *gradient,           // [rows, (heads + 2 key_value_heads) * dimension]
    float *scratch
);
