// Causal attention of packed rollouts, queries in groups.
//
// Scores exist for 64 queries by 64 keys at a time; the softmax runs along the blocks (online softmax, Milakov and
// Gimelshein 2018, arXiv:1805.02867), in float32. A rollout's blocks start at its own first token, so nothing depends
// on its place in the batch.
#pragma once

#include <stddef.h>

#include "status.h"

enum { LP_ATTENTION_BLOCK = 64 };

/// The attention of one layer over a packed batch; it borrows its memory.
typedef struct lp_attention {
    const float *queries; // [rows, heads, dimension]
    const float *keys;    // [rows, key_value_heads, dimension]
    const float *values;  // [rows, key_value_heads, dimension]
    float *out;           // [rows, heads, dimension]; not queries
    size_t heads;
    size_t key_value_heads; // divides heads
    size_t dimension;       // of a head
    size_t window;          // keys that a query sees, itself among them; 0 = all before it
} lp_attention;

/// Blocks of queries in a rollout.
size_t lp_attention_blocks(size_t length);

/// Floats of scratch that `lp_attention_block` needs.
size_t lp_attention_scratch(size_t dimension);

/// out = softmax(q k^T / sqrt(dimension)) v for one head and one block of queries of one rollout.
lp_status lp_attention_block(
    const lp_attention *attention,
    size_t first,  // the rollout's first row
    size_t length, // its rows
    size_t head,
    size_t block,  // < lp_attention_blocks(length)
    float *scratch // [lp_attention_scratch(dimension)]
);

/// The same, compiled for the least machine; the bits may differ from `lp_attention_block` by rounding.
lp_status lp_attention_block_plain(
    const lp_attention *attention, size_t first, size_t length, size_t head, size_t block, float *scratch
);
