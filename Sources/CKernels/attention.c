// Attends queries of one path to the keys before them.
//
// With keys transposed and values cut to columns (attention_memory.h), scores and outputs are products of register
// blocks (multiply.h): chains of fused multiply-adds, over the dimension for a score and over keys for an output, in
// ascending order. Between them stands the softmax (softmax.h). All of it is inlined into one function a version.
#include "attention.h"

#include "attention_memory.h"
#include "multiply.h"
#include "softmax.h"

/// y[r][c] = chain over k < count of fma(x[r][k], w[k][c], y[r][c]) for r < rows and c < columns, a multiple of 16; all
/// three have rows of LP_KEYS floats. Where the chain `begins`, y is 0 whatever stands there.
typedef void multiply(
    const float *x, const float *w, size_t count, size_t rows, size_t columns, int begins, float *y
);

/// What a chain begins with, for every row.
static const float zeros[LP_KEYS];

/// One register block of that.
LP_INLINE void multiply_block(
    const size_t rows, const size_t vectors, const float *x, const float *w, size_t count, int begins, float *y
) {
    const float *from = begins ? zeros : y;
    size_t from_stride = begins ? 0 : LP_KEYS;
    lp_multiply_block_fetching(
        x, LP_KEYS, w, LP_KEYS, count, rows, vectors, from, from_stride, y, LP_KEYS, NULL
    );
}

/// The same for one strip of `vectors` * 16 columns, `vectors` being a constant.
LP_INLINE void multiply_strip(
    const size_t vectors, const float *x, const float *w, size_t count, size_t rows, int begins, float *y
) {
    for (; rows >= LP_BLOCK_ROWS; rows -= LP_BLOCK_ROWS) {
        multiply_block(LP_BLOCK_ROWS, vectors, x, w, count, begins, y);
        x += LP_BLOCK_ROWS * LP_KEYS;
        y += LP_BLOCK_ROWS * LP_KEYS;
    }
    if (rows == 5) multiply_block(5, vectors, x, w, count, begins, y);
    if (rows == 4) multiply_block(4, vectors, x, w, count, begins, y);
    if (rows == 3) multiply_block(3, vectors, x, w, count, begins, y);
    if (rows == 2) multiply_block(2, vectors, x, w, count, begins, y);
    if (rows == 1) multiply_block(1, vectors, x, w, count, begins, y);
}

/// scores[r][k] = sum over d of queries[r][d] * keys[d][k], for rows [from, to) and the first `columns` keys.
LP_INLINE void score(const lp_workspace *w, multiply *product, size_t from, size_t to, size_t columns) {
    float *scores = w->scores + from * LP_KEYS;
    for (size_t piece = 0; piece < w->pieces; piece++) {
        const float *queries = w->queries + (piece * w->rows + from) * LP_KEYS;
        const float *keys = w->keys + piece * LP_KEYS * LP_KEYS;
        product(queries, keys, lp_width(w, piece), to - from, columns, piece == 0, scores);
    }
}

/// Scores of queries [from, to) become weights.
LP_INLINE void weigh(const lp_workspace *w, size_t from, size_t to, size_t columns, const lp_span *seen) {
    float *shrink = w->shrink;
    for (size_t q = from; q < to; q++) {
        int whole = seen[q].low == 0 && seen[q].high == columns;
        for (size_t row = q * w->group; row < (q + 1) * w->group; row++) {
            float *scores = w->scores + row * LP_KEYS;
            if (!whole) lp_hide(scores, columns, seen[q]);
            float largest = lp_largest(scores, columns, w->maximum[row]);
            shrink[row] = w->maximum[row] - largest;
            w->maximum[row] = largest;
        }
    }
    for (size_t row = from * w->group; row < to * w->group; row++) shrink[row] = lp_exp(shrink[row]);
    for (size_t row = from * w->group; row < to * w->group; row++) {
        lp_weigh(w->scores + row * LP_KEYS, columns, w->maximum[row], shrink[row], w->sums + row * LP_LANES);
        if (shrink[row] == 1.0f) continue;
        for (size_t piece = 0; piece < w->pieces; piece++) {
            float *out = w->out + (piece * w->rows + row) * LP_KEYS;
            lp_scale(out, shrink[row], LP_KEYS, out);
        }
    }
}

/// out[r][d] += sum over keys [keys.low, keys.high) of scores[r][k] * values[k][d], for rows [from, to).
LP_INLINE void blend(const lp_workspace *w, multiply *product, size_t from, size_t to, size_t piece, lp_span keys) {
    if (keys.low >= keys.high) return;
    const float *scores = w->scores + from * LP_KEYS + keys.low;
    const float *values = w->values + (piece * LP_KEYS + keys.low) * LP_KEYS;
    float *out = w->out + (piece * w->rows + from) * LP_KEYS;
    product(scores, values, keys.high - keys.low, to - from, lp_round_up(lp_width(w, piece), LP_LANES), 0, out);
}

/// Adds the values of a block to queries [from, to), some columns of them.
///
/// Keys that all of them see go through one product; those that only some see, before and behind, query by query. A
/// key that is not seen is not touched, not even with weight 0: what comes later may be infinite.
LP_INLINE void blend_queries(
    const lp_workspace *w, multiply *product, size_t from, size_t to, size_t piece, const lp_span *seen
) {
    size_t low = seen[to - 1].low;
    size_t high = seen[from].high > low ? seen[from].high : low;
    for (size_t q = from; q < to; q++) {
        lp_span before = {seen[q].low, seen[q].high < low ? seen[q].high : low};
        blend(w, product, q * w->group, (q + 1) * w->group, piece, before);
    }
    blend(w, product, from * w->group, to * w->group, piece, (lp_span){low, high});
    for (size_t q = from; q < to; q++) {
        blend(w, product, q * w->group, (q + 1) * w->group, piece, (lp_span){high, seen[q].high});
    }
}

/// Some queries against one packed block of keys: their scores stay in the nearest cache until they are used.
LP_INLINE void attend(const lp_workspace *w, multiply *product, size_t from, size_t to, const lp_span *seen) {
    size_t columns = lp_round_up(seen[to - 1].high, LP_LANES);
    score(w, product, from * w->group, to * w->group, columns);
    weigh(w, from, to, columns, seen);
    for (size_t piece = 0; piece < w->pieces; piece++) {
        size_t next;
        for (size_t q = from; q < to; q = next) {
            // As many queries as see the same keys, or as fill a register block.
            for (next = q + 1; next < to; next++) {
                int same = seen[next].low == seen[q].low && seen[next].high == seen[q].high;
                if (!same && (next - q) * w->group >= LP_BLOCK_ROWS) break;
            }
            blend_queries(w, product, q, next, piece, seen);
        }
    }
}

/// What each query sees of the block of keys that begins at position `start`.
LP_INLINE void look(const int32_t *positions, size_t count, size_t window, size_t start, lp_span *seen) {
    for (size_t q = 0; q < count; q++) {
        size_t end = (size_t)positions[q] + 1; // a query sees itself
        size_t begin = window > 0 && end > window ? end - window : 0;
        seen[q].low = begin > start ? begin - start : 0;
        seen[q].high = end <= start ? 0 : end - start < LP_KEYS ? end - start : LP_KEYS;
    }
}

LP_INLINE int sees(lp_span span) { return span.low < span.high; }

/// All blocks of keys that some query sees.
LP_INLINE void attention_block(
    const lp_workspace *w, multiply *product, const int32_t *slots, const int32_t *positions, size_t count,
    size_t first_row
) {
    size_t window = w->attention->window;
    size_t first_end = (size_t)positions[0] + 1;
    size_t last_end = (size_t)positions[count - 1] + 1;
    size_t first = window > 0 && first_end > window ? (first_end - window) / LP_KEYS * LP_KEYS : 0;
    // Whole register blocks, and at least 24 rows for what is read of the keys.
    size_t stride = LP_BLOCK_ROWS * ((4 + w->group - 1) / w->group);
    for (size_t start = first; start < last_end; start += LP_KEYS) {
        lp_span seen[LP_QUERY_BLOCK];
        look(positions, count, window, start, seen);
        // Ends only rise: who sees nothing of the block comes before or after all who see some of it.
        size_t from = 0, to = count;
        while (from < to && !sees(seen[from])) from++;
        while (from < to && !sees(seen[to - 1])) to--;
        if (from < to) lp_pack(w, slots + start, (lp_span){seen[from].low, seen[to - 1].high});
        for (size_t q = 0; q < count; q += stride) {
            size_t end = q + stride < count ? q + stride : count;
            int ends = start + LP_KEYS >= last_end;
            if (start == first) {
                size_t next = end + stride < count ? end + stride : count;
                lp_begin(w, first_row, q * w->group, end * w->group);
                lp_foresee(w, w->attention->queries, w->attention->query_stride, first_row, end, next);
            }
            if (ends) lp_foresee(w, w->attention->out, w->attention->out_stride, first_row, q, end);
            size_t low = q > from ? q : from;
            size_t high = end < to ? end : to;
            if (low < high) attend(w, product, low, high, seen);
            if (ends) lp_finish(w, first_row, q * w->group, end * w->group);
        }
    }
}

size_t lp_attention_scratch(size_t heads_per_group, size_t dimension) {
    size_t rows = heads_per_group * LP_QUERY_BLOCK;
    size_t padded = lp_round_up(dimension, LP_KEYS);
    return LP_LANES + 2 * padded * LP_KEYS + rows * (2 * padded + LP_KEYS + LP_LANES + 2);
}

static lp_status check(const lp_attention *a, const int32_t *positions, size_t count, size_t shared_head) {
    if (a->dimension == 0 || a->key_value_heads == 0 || a->heads % a->key_value_heads != 0) return LP_BAD_SHAPE;
    if (count == 0 || count > LP_QUERY_BLOCK || shared_head >= a->key_value_heads) return LP_BAD_INDEX;
    for (size_t q = 0; q < count; q++) {
        if (positions[q] < 0 || (q > 0 && positions[q] <= positions[q - 1])) return LP_BAD_INDEX;
    }
    return LP_OK;
}

static void multiply_plain(
    const float *x, const float *w, size_t count, size_t rows, size_t columns, int begins, float *y
) {
    for (size_t c = 0; c < columns; c += LP_LANES) multiply_strip(1, x, w + c, count, rows, begins, y + c);
}

static void attention_plain(
    const lp_workspace *w, const int32_t *slots, const int32_t *positions, size_t count, size_t first_row
) {
    attention_block(w, multiply_plain, slots, positions, count, first_row);
}

#if defined(__x86_64__)
LP_TARGET_AVX2 static void multiply_avx2(
    const float *x, const float *w, size_t count, size_t rows, size_t columns, int begins, float *y
) {
    for (size_t c = 0; c < columns; c += LP_LANES) multiply_strip(1, x, w + c, count, rows, begins, y + c);
}

LP_TARGET_AVX2 static void attention_avx2(
    const lp_workspace *w, const int32_t *slots, const int32_t *positions, size_t count, size_t first_row
) {
    attention_block(w, multiply_avx2, slots, positions, count, first_row);
}

LP_TARGET_AVX512 static void multiply_avx512(
    const float *x, const float *w, size_t count, size_t rows, size_t columns, int begins, float *y
) {
    switch (columns / LP_LANES) {
    case 4: return multiply_strip(4, x, w, count, rows, begins, y);
    case 3: return multiply_strip(3, x, w, count, rows, begins, y);
    case 2: return multiply_strip(2, x, w, count, rows, begins, y);
    default: return multiply_strip(1, x, w, count, rows, begins, y);
    }
}

LP_TARGET_AVX512 static void attention_avx512(
    const lp_workspace *w, const int32_t *slots, const int32_t *positions, size_t count, size_t first_row
) {
    attention_block(w, multiply_avx512, slots, positions, count, first_row);
}
#endif

lp_status lp_attention_block(
    lp_isa isa, const lp_attention *attention, const int32_t *slots, const int32_t *positions, size_t count,
    size_t first_row, size_t key_value_head, float *scratch
) {
    lp_status status = check(attention, positions, count, key_value_head);
    if (status != LP_OK) return status;
    lp_workspace w = lp_cut(attention, count, key_value_head, scratch);
#if defined(__x86_64__)
    if (isa == LP_AVX512 || isa == LP_AVX512_VNNI) {
        attention_avx512(&w, slots, positions, count, first_row);
        return LP_OK;
    }
    if (isa == LP_AVX2) {
        attention_avx2(&w, slots, positions, count, first_row);
        return LP_OK;
    }
#endif
    (void)isa;
    attention_plain(&w, slots, positions, count, first_row);
    return LP_OK;
}
