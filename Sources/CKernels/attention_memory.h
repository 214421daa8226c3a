// Brings queries, keys and values where attention reads them.
//
// Internal: the scratch of one call of attention.c, and what is copied into it and out of it. The heads of a group read
// the same keys, so a query stands here as `group` rows, one a head, query after query; all rows are 64 floats long.
#pragma once

#include <math.h>
#include <string.h>

#include "attention.h"
#include "lanes.h"
#include "softmax.h"
#include "transpose.h"

enum { LP_KEYS = 64 }; // of a block; also the numbers of a piece of the dimension

/// One call, and its scratch cut into parts. The dimension is cut into pieces of LP_KEYS, the last one filled up.
typedef struct lp_workspace {
    const lp_attention *attention;
    size_t shared_head;
    size_t group; // rows of a query
    size_t rows;
    size_t pieces;
    float *keys;    // [pieces][LP_KEYS of the dimension][LP_KEYS keys]
    float *values;  // [pieces][LP_KEYS keys][LP_KEYS of the dimension]
    float *queries; // [pieces][rows][LP_KEYS], scaled
    float *out;     // [pieces][rows][LP_KEYS]
    float *scores;  // [rows][LP_KEYS]
    float *sums;    // [rows][LP_LANES]
    float *maximum; // [rows]
    float *shrink;  // [rows]
} lp_workspace;

LP_INLINE size_t lp_round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

/// Parts begin at whole cache lines.
LP_INLINE lp_workspace lp_cut(const lp_attention *a, size_t count, size_t shared_head, float *scratch) {
    size_t group = a->heads / a->key_value_heads;
    size_t padded = lp_round_up(a->dimension, LP_KEYS);
    lp_workspace w = {.attention = a, .shared_head = shared_head, .group = group};
    w.rows = group * count;
    w.pieces = padded / LP_KEYS;
    w.keys = (float *)lp_round_up((uintptr_t)scratch, LP_LANES * sizeof *scratch);
    w.values = w.keys + padded * LP_KEYS;
    w.queries = w.values + padded * LP_KEYS;
    w.out = w.queries + padded * w.rows;
    w.scores = w.out + padded * w.rows;
    w.sums = w.scores + w.rows * LP_KEYS;
    w.maximum = w.sums + w.rows * LP_LANES;
    w.shrink = w.maximum + w.rows;
    return w;
}

/// Numbers of the dimension in a piece.
LP_INLINE size_t lp_width(const lp_workspace *w, size_t piece) {
    size_t left = w->attention->dimension - piece * LP_KEYS;
    return left < LP_KEYS ? left : LP_KEYS;
}

/// Where a head of a query stands in rows of `stride` floats.
LP_INLINE size_t lp_place(const lp_workspace *w, size_t first_row, size_t row, size_t stride) {
    size_t head = w->shared_head * w->group + row % w->group;
    return (first_row + row / w->group) * stride + head * w->attention->dimension;
}

/// to = from * factor.
LP_INLINE void lp_scale(const float *from, float factor, size_t count, float *to) {
    size_t i = 0;
    for (; i + LP_LANES <= count; i += LP_LANES) *(lp_floats *)(to + i) = *(const lp_floats *)(from + i) * factor;
    for (; i < count; i++) to[i] = from[i] * factor;
}

/// Brings the group's heads of queries [from, to) into the second-level cache: what is read soon, or written. They lie
/// too far apart for the processor to foresee.
LP_INLINE void lp_foresee(
    const lp_workspace *w, const float *rows, size_t stride, size_t first_row, size_t from, size_t to
) {
    size_t width = w->group * w->attention->dimension;
    for (size_t q = from; q < to; q++) {
        const float *row = rows + (first_row + q) * stride + w->shared_head * width;
        for (size_t i = 0; i < width; i += LP_LANES) __builtin_prefetch(row + i, 0, 2);
    }
}

/// Rows [from, to) of the group's queries, scaled; nothing is summed yet.
LP_INLINE void lp_begin(const lp_workspace *w, size_t first_row, size_t from, size_t to) {
    const lp_attention *a = w->attention;
    float scale = 1.0f / sqrtf((float)a->dimension);
    for (size_t row = from; row < to; row++) {
        const float *query = a->queries + lp_place(w, first_row, row, a->query_stride);
        for (size_t piece = 0; piece < w->pieces; piece++) {
            float *scaled = w->queries + (piece * w->rows + row) * LP_KEYS;
            lp_scale(query + piece * LP_KEYS, scale, lp_width(w, piece), scaled);
        }
        w->maximum[row] = -INFINITY;
    }
    for (size_t piece = 0; piece < w->pieces; piece++) {
        memset(w->out + (piece * w->rows + from) * LP_KEYS, 0, (to - from) * LP_KEYS * sizeof *w->out);
    }
    memset(w->sums + from * LP_LANES, 0, (to - from) * LP_LANES * sizeof *w->sums);
}

/// The key of a slot; its value stands `key_value_heads * dimension` floats behind it.
LP_INLINE const float *lp_key_at(const lp_workspace *w, int32_t slot) {
    const lp_attention *a = w->attention;
    size_t row = (size_t)slot % LP_SLAB * 2 * a->key_value_heads + w->shared_head;
    return a->slabs[(size_t)slot / LP_SLAB] + row * a->dimension;
}

/// Keys [some.low, some.high) of a block, transposed; what stands in the place of the others is some key's.
LP_INLINE void lp_pack_keys(const lp_workspace *w, const int32_t *slots, lp_span some) {
    size_t dimension = w->attention->dimension;
    for (size_t k = 0; k < LP_KEYS; k += LP_LANES) {
        const float *key[LP_LANES];
        for (size_t lane = 0; lane < LP_LANES; lane++) {
            size_t seen = k + lane < some.low ? some.low : k + lane < some.high ? k + lane : some.high - 1;
            key[lane] = lp_key_at(w, slots[seen]);
        }
        size_t d = 0;
        for (; d + LP_LANES <= dimension; d += LP_LANES) {
            lp_transpose(key, w->keys + d * LP_KEYS + k, LP_KEYS);
            for (size_t lane = 0; lane < LP_LANES; lane++) key[lane] += LP_LANES;
        }
        for (size_t rest = 0; d < dimension; d++, rest++) {
            for (size_t lane = 0; lane < LP_LANES; lane++) w->keys[d * LP_KEYS + k + lane] = key[lane][rest];
        }
    }
}

/// Values [some.low, some.high) of a block, cut into pieces and filled up with zeros.
LP_INLINE void lp_pack_values(const lp_workspace *w, const int32_t *slots, lp_span some) {
    size_t to_value = w->attention->key_value_heads * w->attention->dimension;
    for (size_t k = some.low; k < some.high; k++) {
        const float *value = lp_key_at(w, slots[k]) + to_value;
        for (size_t piece = 0; piece < w->pieces; piece++) {
            size_t count = lp_width(w, piece);
            float *to = w->values + (piece * LP_KEYS + k) * LP_KEYS;
            size_t d = 0;
            for (; d + LP_LANES <= count; d += LP_LANES) {
                *(lp_floats *)(to + d) = *(const lp_floats *)(value + piece * LP_KEYS + d);
            }
            for (; d < count; d++) to[d] = value[piece * LP_KEYS + d];
            for (; d < lp_round_up(count, LP_LANES); d++) to[d] = 0;
        }
    }
}

LP_INLINE void lp_pack(const lp_workspace *w, const int32_t *slots, lp_span some) {
    lp_pack_keys(w, slots, some);
    lp_pack_values(w, slots, some);
}

/// out = what was summed over the sum of the weights, for rows [from, to).
LP_INLINE void lp_finish(const lp_workspace *w, size_t first_row, size_t from, size_t to) {
    const lp_attention *a = w->attention;
    for (size_t row = from; row < to; row++) {
        float inverse = 1.0f / lp_sum_of_lanes(w->sums + row * LP_LANES);
        float *out = a->out + lp_place(w, first_row, row, a->out_stride);
        for (size_t piece = 0; piece < w->pieces; piece++) {
            const float *summed = w->out + (piece * w->rows + row) * LP_KEYS;
            lp_scale(summed, inverse, lp_width(w, piece), out + piece * LP_KEYS);
        }
    }
}
