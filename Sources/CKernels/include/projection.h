// What follows the product of queries, keys and values.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "isa.h"

/// The rows of one product [queries | keys | values] and where their keys and values go; it borrows its memory.
typedef struct lp_projection {
    float *projected;        // [rows][stride], a row begins with [heads + 2 * key_value_heads][dimension]
    size_t stride;           // floats
    const int32_t *slots;    // [rows]: slot s is row s % LP_SLAB of slab s / LP_SLAB (attention.h)
    float *const *slabs;     // each [LP_SLAB][2][key_value_heads][dimension]
    const float *cosine;     // [rows][dimension / 2]
    const float *sine;       // [rows][dimension / 2]
    const float *query_norm; // [dimension], or NULL: the norm of each head before it is turned (Qwen3)
    const float *key_norm;   // [dimension], or NULL
    float epsilon;           // of both norms
    size_t heads;
    size_t key_value_heads;
    size_t dimension; // of a head; even
} lp_projection;

/// Norms and turns the queries in place, and writes normed and turned keys, and the values, into their slots.
///
/// Bit by bit `lp_rmsnorm` and `lp_rope_rotate` of each head; the keys and values in `projected` stay as they were.
void lp_finish_projection(lp_isa isa, const lp_projection *projection, size_t first_row, size_t rows);
