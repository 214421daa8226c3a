// The float32 product of a few rows with 64 columns, in registers.
//
// Every element is a chain of fused multiply-adds over ascending k, so its bits depend on its own row and column only,
// and neither on the block that it is computed in nor on where a sum is put down and taken up again.
#pragma once

#include "vectors.h"

enum {
    LP_BLOCK_ROWS = 6, // x 4 vectors: 24 of the 32 registers of AVX-512; x 1: 12 of AVX2's 16, 24 of NEON's 32
    LP_BLOCK_COLUMNS = 64,
    LP_TURN = 8,  // k of a turn of the loop, where it has more than one vector
    LP_LINE = 64, // bytes that a prefetch brings
};

/// What a turn fetches for later, one line for each k: a miss costs as much as several k, and all at once they would
/// hold each other up.
typedef struct lp_fetch {
    const char *near[2]; // three lines of both into the first-level cache
    const char *far;     // two into the second
    size_t far_step;     // bytes from one of these to the next
} lp_fetch;

LP_INLINE void lp_fetch_one(const lp_fetch *fetch, const size_t k) {
    if (k < 2) {
        __builtin_prefetch(fetch->far + k * fetch->far_step, 0, 2);
    } else {
        __builtin_prefetch(fetch->near[k % 2] + (k / 2 - 1) * LP_LINE, 0, 3);
    }
}

LP_INLINE void lp_fetch_on(lp_fetch *fetch) {
    fetch->near[0] += (LP_TURN / 2 - 1) * LP_LINE;
    fetch->near[1] += (LP_TURN / 2 - 1) * LP_LINE;
    fetch->far += 2 * fetch->far_step;
}

/// One k of a register block.
LP_INLINE void lp_multiply_one(
    const float *x, size_t x_stride, const float *w, const size_t rows, const size_t vectors,
    lp_floats sums[LP_BLOCK_ROWS][4]
) {
    lp_floats weights[4];
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) weights[v] = *(const lp_floats *)(w + v * LP_VECTOR);
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
        lp_floats number = (lp_floats)(x[r * x_stride]);
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) sums[r][v] = __builtin_elementwise_fma(number, weights[v], sums[r][v]);
    }
}

/// One register block; `rows` <= LP_BLOCK_ROWS and `vectors` <= 4 are constants where this is inlined.
LP_INLINE void lp_multiply_block_fetching(
    const float *x, size_t x_stride, const float *w, size_t w_stride, size_t count, const size_t rows,
    const size_t vectors,
    const float *from, // where the sums go on from
    size_t from_stride, float *y, size_t y_stride,
    lp_fetch *fetch // or NULL
) {
    lp_floats sums[LP_BLOCK_ROWS][4];
// Without these the sums stay in memory.
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) sums[r][v] = *(const lp_floats *)(from + r * from_stride + v * LP_VECTOR);
    }
    if (vectors > 1) {
        for (; count >= LP_TURN; count -= LP_TURN) {
#pragma clang loop unroll(full)
            for (size_t k = 0; k < LP_TURN; k++) {
                if (fetch) lp_fetch_one(fetch, k);
                lp_multiply_one(x + k, x_stride, w + k * w_stride, rows, vectors, sums);
            }
            x += LP_TURN;
            w += LP_TURN * w_stride;
            if (fetch) lp_fetch_on(fetch);
        }
    }
    for (; count > 0; count--) {
        lp_multiply_one(x, x_stride, w, rows, vectors, sums);
        x++;
        w += w_stride;
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) *(lp_floats *)(y + r * y_stride + v * LP_VECTOR) = sums[r][v];
    }
}

/// The same with nothing to fetch.
LP_INLINE void lp_multiply_block(
    const float *x, size_t x_stride, const float *w, size_t w_stride, size_t count, const size_t rows,
    const size_t vectors, float *y, size_t y_stride
) {
    lp_multiply_block_fetching(x, x_stride, w, w_stride, count, rows, vectors, y, y_stride, y, y_stride, NULL);
}

/// y[r][c] = chain over k < count of fma(x[r][k], w[k][c], y[r][c]), for r < rows and c < 64; strides are in floats.
///
/// `vectors` is a constant, how many times 16 columns are summed at once: 4 in an AVX-512 function, 1 in any other.
LP_INLINE void lp_multiply(
    const size_t vectors,
    const float *x, // [rows, x_stride]
    size_t x_stride,
    const float *w, // [count, w_stride]
    size_t w_stride, size_t count, size_t rows,
    float *y, // [rows, y_stride]
    size_t y_stride
) {
    for (size_t column = 0; column < LP_BLOCK_COLUMNS; column += vectors * LP_VECTOR) {
        const float *from = x;
        const float *by = w + column;
        float *to = y + column;
        size_t left = rows;
        for (; left >= LP_BLOCK_ROWS; left -= LP_BLOCK_ROWS) {
            lp_multiply_block(from, x_stride, by, w_stride, count, LP_BLOCK_ROWS, vectors, to, y_stride);
            from += LP_BLOCK_ROWS * x_stride;
            to += LP_BLOCK_ROWS * y_stride;
        }
        if (left == 5) lp_multiply_block(from, x_stride, by, w_stride, count, 5, vectors, to, y_stride);
        if (left == 4) lp_multiply_block(from, x_stride, by, w_stride, count, 4, vectors, to, y_stride);
        if (left == 3) lp_multiply_block(from, x_stride, by, w_stride, count, 3, vectors, to, y_stride);
        if (left == 2) lp_multiply_block(from, x_stride, by, w_stride, count, 2, vectors, to, y_stride);
        if (left == 1) lp_multiply_block(from, x_stride, by, w_stride, count, 1, vectors, to, y_stride);
    }
}
