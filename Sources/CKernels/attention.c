// Attends one block of queries to the keys before it.
//
// Every score is a sum over the head's dimension and every output a sum over keys, each written in one order; loops
// run over sixteen such sums side by side, so that they vectorise without changing that order.
#include "attention.h"

#include <math.h>
#include <string.h>

#include "cpu.h"
#include "exponential.h"
#include "lanes.h"

enum {
    BLOCK = LP_ATTENTION_BLOCK,
    LANES = LP_LANES, // sums side by side: keys of a score, dimensions of an output
    QUERIES = 4,      // that share what was loaded
};

#define INLINE static inline __attribute__((always_inline))

/// The scratch of one call, cut into its parts. `padded` is the dimension rounded up to LANES.
typedef struct workspace {
    size_t padded;
    float *queries; // [BLOCK, padded], scaled
    float *keys;    // [padded, BLOCK], transposed
    float *values;  // [BLOCK, padded]
    float *out;     // [BLOCK, padded]
    float *scores;  // [BLOCK, BLOCK]
    float *maximum; // [BLOCK]
    float *sum;     // [BLOCK]
} workspace;

static size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

size_t lp_attention_blocks(size_t length) { return (length + BLOCK - 1) / BLOCK; }

size_t lp_attention_scratch(size_t dimension) {
    return 4 * BLOCK * round_up(dimension, LANES) + BLOCK * BLOCK + 2 * BLOCK;
}

static workspace cut(float *scratch, size_t dimension) {
    size_t padded = round_up(dimension, LANES);
    workspace w = {.padded = padded, .queries = scratch};
    w.keys = w.queries + BLOCK * padded;
    w.values = w.keys + BLOCK * padded;
    w.out = w.values + BLOCK * padded;
    w.scores = w.out + BLOCK * padded;
    w.maximum = w.scores + BLOCK * BLOCK;
    w.sum = w.maximum + BLOCK;
    return w;
}

/// to = rows of one head, times `scale`, padded with zeros to [BLOCK, padded].
static void pack_rows(
    const float *from, size_t stride, size_t rows, size_t dimension, float scale, float *to, size_t padded
) {
    memset(to, 0, BLOCK * padded * sizeof *to);
    for (size_t row = 0; row < rows; row++) {
        for (size_t d = 0; d < dimension; d++) to[row * padded + d] = from[row * stride + d] * scale;
    }
}

/// to = keys of one head, transposed and padded with zeros to [padded, BLOCK].
static void pack_keys(const float *from, size_t stride, size_t rows, size_t dimension, float *to, size_t padded) {
    memset(to, 0, padded * BLOCK * sizeof *to);
    for (size_t row = 0; row < rows; row++) {
        for (size_t d = 0; d < dimension; d++) to[d * BLOCK + row] = from[row * stride + d];
    }
}

/// The keys of a block that a query sees: [low, high), empty where low >= high.
typedef struct span {
    size_t low;
    size_t high;
} span;

static inline span visible_keys(size_t query, size_t start, size_t window) {
    size_t end = query + 1; // a query sees itself
    size_t begin = window > 0 && end > window ? end - window : 0;
    return (span){
        .low = begin > start ? begin - start : 0,
        .high = end - start < BLOCK ? end - start : BLOCK,
    };
}

/// scores[q][k] = sum over d of queries[q][d] * keys[d][k], for four queries and at least the first `count` keys.
INLINE void score_queries(const workspace *w, size_t query, size_t count) {
    const float *q = w->queries + query * w->padded;
    for (size_t k = 0; k < count; k += LANES) {
        float sums[QUERIES][LANES] = {{0}};
        for (size_t d = 0; d < w->padded; d++) {
            const float *key = w->keys + d * BLOCK + k;
            for (size_t i = 0; i < QUERIES; i++) {
                float value = q[i * w->padded + d];
                for (size_t lane = 0; lane < LANES; lane++) sums[i][lane] += value * key[lane];
            }
        }
        for (size_t i = 0; i < QUERIES; i++) memcpy(w->scores + (query + i) * BLOCK + k, sums[i], sizeof sums[i]);
    }
}

/// The largest of the scores and `least`; a NaN is passed over here, and comes back as a weight.
INLINE float largest(const float *scores, float least) {
    float lanes[LANES];
    for (size_t lane = 0; lane < LANES; lane++) lanes[lane] = least;
    for (size_t k = 0; k < BLOCK; k += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            lanes[lane] = scores[k + lane] > lanes[lane] ? scores[k + lane] : lanes[lane];
        }
    }
    for (size_t lane = 1; lane < LANES; lane++) lanes[0] = lanes[lane] > lanes[0] ? lanes[lane] : lanes[0];
    return lanes[0];
}

/// Scores of visible keys become weights relative to the maximum so far; all others become 0.
INLINE void weigh(const workspace *w, size_t query, span keys) {
    float *scores = w->scores + query * BLOCK;
    if (keys.low >= keys.high) return; // what was summed stays
    for (size_t k = 0; k < BLOCK; k++) scores[k] = k >= keys.low && k < keys.high ? scores[k] : -INFINITY;
    float maximum = largest(scores, w->maximum[query]);
    float shrink = lp_exp(w->maximum[query] - maximum);

    float lanes[LANES] = {0};
    for (size_t k = 0; k < BLOCK; k += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            float weight = lp_exp(scores[k + lane] - maximum);
            scores[k + lane] = weight;
            lanes[lane] += weight;
        }
    }
    w->maximum[query] = maximum;
    w->sum[query] = w->sum[query] * shrink + lp_sum_of_lanes(lanes);
    float *out = w->out + query * w->padded;
    for (size_t d = 0; d < w->padded; d++) out[d] *= shrink;
}

/// sums[i] += scores[query + i][k] * values[k], sixteen dimensions from `d` on.
INLINE void blend_value(const workspace *w, size_t query, size_t i, size_t k, size_t d, float sums[QUERIES][LANES]) {
    float weight = w->scores[(query + i) * BLOCK + k];
    const float *value = w->values + k * w->padded + d;
    for (size_t lane = 0; lane < LANES; lane++) sums[i][lane] += weight * value[lane];
}

/// out[q][d] += sum over visible k of scores[q][k] * values[k][d], for four queries.
///
/// Keys that all four see are read once for the four. A key that is not seen is not touched, not even with weight 0:
/// what comes later may be infinite.
INLINE void blend_values(const workspace *w, size_t query, const span keys[QUERIES]) {
    size_t begin = keys[QUERIES - 1].low;
    size_t end = keys[0].high > begin ? keys[0].high : begin;
    for (size_t d = 0; d < w->padded; d += LANES) {
        float sums[QUERIES][LANES] = {{0}};
        for (size_t i = 0; i < QUERIES; i++) {
            for (size_t k = keys[i].low; k < begin && k < keys[i].high; k++) blend_value(w, query, i, k, d, sums);
        }
        for (size_t k = begin; k < end; k++) {
            for (size_t i = 0; i < QUERIES; i++) blend_value(w, query, i, k, d, sums);
        }
        for (size_t i = 0; i < QUERIES; i++) {
            for (size_t k = end; k < keys[i].high; k++) blend_value(w, query, i, k, d, sums);
        }
        for (size_t i = 0; i < QUERIES; i++) {
            float *out = w->out + (query + i) * w->padded + d;
            for (size_t lane = 0; lane < LANES; lane++) out[lane] += sums[i][lane];
        }
    }
}

/// One block of queries against one block of keys that begins at key `start`.
INLINE void attend(const workspace *w, size_t first_query, size_t queries, size_t start, size_t window) {
    // Queries past the last one are rows of zeros: they are computed along with the last four and never written.
    for (size_t query = 0; query < queries; query += QUERIES) {
        span keys[QUERIES];
        for (size_t i = 0; i < QUERIES; i++) keys[i] = visible_keys(first_query + query + i, start, window);
        if (keys[QUERIES - 1].high <= keys[0].low) continue;
        score_queries(w, query, keys[QUERIES - 1].high);
        for (size_t i = 0; i < QUERIES; i++) weigh(w, query + i, keys[i]);
        blend_values(w, query, keys);
    }
}

/// All key blocks that some query of the block sees.
INLINE void attention_block(
    const lp_attention *a, size_t first, size_t length, size_t head, size_t block, float *scratch
) {
    workspace w = cut(scratch, a->dimension);
    size_t stride = a->heads * a->dimension;
    size_t shared_stride = a->key_value_heads * a->dimension;
    size_t shared_head = head / (a->heads / a->key_value_heads);
    size_t first_query = block * BLOCK;
    size_t queries = length - first_query < BLOCK ? length - first_query : BLOCK;
    size_t place = (first + first_query) * stride + head * a->dimension;

    float scale = 1.0f / sqrtf((float)a->dimension);
    pack_rows(a->queries + place, stride, queries, a->dimension, scale, w.queries, w.padded);
    memset(w.out, 0, BLOCK * w.padded * sizeof *w.out);
    for (size_t query = 0; query < BLOCK; query++) {
        w.maximum[query] = -INFINITY;
        w.sum[query] = 0;
    }

    size_t begin = a->window > 0 && first_query + 1 > a->window ? first_query + 1 - a->window : 0;
    for (size_t start = begin / BLOCK * BLOCK; start < first_query + queries; start += BLOCK) {
        size_t keys = length - start < BLOCK ? length - start : BLOCK;
        size_t shared_place = (first + start) * shared_stride + shared_head * a->dimension;
        pack_keys(a->keys + shared_place, shared_stride, keys, a->dimension, w.keys, w.padded);
        pack_rows(a->values + shared_place, shared_stride, keys, a->dimension, 1.0f, w.values, w.padded);
        attend(&w, first_query, queries, start, a->window);
    }

    for (size_t query = 0; query < queries; query++) {
        float *to = a->out + place + query * stride;
        for (size_t d = 0; d < a->dimension; d++) to[d] = w.out[query * w.padded + d] / w.sum[query];
    }
}

static lp_status check(const lp_attention *a, size_t length, size_t head, size_t block) {
    if (a->dimension == 0 || a->key_value_heads == 0 || a->heads % a->key_value_heads != 0) return LP_BAD_SHAPE;
    if (head >= a->heads || block >= lp_attention_blocks(length)) return LP_BAD_INDEX;
    return LP_OK;
}

lp_status lp_attention_block_plain(
    const lp_attention *attention, size_t first, size_t length, size_t head, size_t block, float *scratch
) {
    lp_status status = check(attention, length, head, block);
    if (status == LP_OK) attention_block(attention, first, length, head, block, scratch);
    return status;
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void attention_block_avx2(
    const lp_attention *attention, size_t first, size_t length, size_t head, size_t block, float *scratch
) {
    attention_block(attention, first, length, head, block, scratch);
}
#endif

lp_status lp_attention_block(
    const lp_attention *attention, size_t first, size_t length, size_t head, size_t block, float *scratch
) {
#if defined(__x86_64__)
    if (lp_has_avx2()) {
        lp_status status = check(attention, length, head, block);
        if (status == LP_OK) attention_block_avx2(attention, first, length, head, block, scratch);
        return status;
    }
#endif
    return lp_attention_block_plain(attention, first, length, head, block, scratch);
}
