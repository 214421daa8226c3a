// Causal attention of one path, its keys and values in slots.
//
// A path is what one rollout reads, from its first token on; where the keys and values of a position lie is told by a
// slot, so that rollouts with a common beginning share them. Scores exist for 64 queries of all heads of a group by 64
// keys at a time; the softmax runs along the blocks of keys (online softmax, Milakov and Gimelshein 2018,
// arXiv:1805.02867), in float32. Blocks begin at positions 0, 64, 128, ... of the path whatever the queries are, and a
// key that a query does not see is not touched for it: a query's bits depend on nothing but itself and what it sees.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "isa.h"
#include "status.h"

enum {
    LP_SLAB = 1024,      // slots of a slab
    LP_QUERY_BLOCK = 64, // queries of a call, at most
};

/// The attention of one layer; it borrows its memory. Slot s is row s % LP_SLAB of slab s / LP_SLAB.
typedef struct lp_attention {
    const float *queries;       // [rows][query_stride], a row begins with [heads][dimension], turned by its position
    size_t query_stride;        // floats
    float *out;                 // [rows][out_stride], a row begins with [heads][dimension]; not queries
    size_t out_stride;          // floats
    float *const *slabs;        // each [LP_SLAB][2][key_value_heads][dimension], a slot's keys before its values
    size_t heads;
    size_t key_value_heads;     // divides heads
    size_t dimension;           // of a head
    size_t window;              // keys that a query sees, itself among them; 0 = all before it
} lp_attention;

/// Floats of scratch that `lp_attention_block` needs, for heads / key_value_heads heads in a group.
size_t lp_attention_scratch(size_t heads_per_group, size_t dimension);

/// out = softmax(q k^T / sqrt(dimension)) v for the heads that share one key-value head, and some queries of one path.
lp_status lp_attention_block(
    lp_isa isa,
    const lp_attention *attention,
    const int32_t *slots,     // [positions[count - 1] + 1]: the slot of each position of the path
    const int32_t *positions, // [count], rising, >= 0: where in the path the queries stand
    size_t count,             // <= LP_QUERY_BLOCK
    size_t first_row,         // of `queries` and `out`: query i is row first_row + i
    size_t key_value_head,
    float *scratch // [lp_attention_scratch(heads / key_value_heads, dimension)]
);
