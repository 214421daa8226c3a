// Compares the bits of one row in many companies.
#include "steadiness.h"

#include <stdint.h>
#include <string.h>

size_t lp_steadiness_scratch(size_t inputs, size_t columns) {
    return inputs + columns + columns * inputs + LP_TILE_ROWS * inputs + LP_TILE_ROWS * columns;
}

/// Uniform numbers in [-1, 1) times `scale`, by a linear congruential generator.
static void fill(float *to, size_t count, float scale, uint32_t *state) {
    for (size_t i = 0; i < count; i++) {
        *state = *state * 1664525u + 1013904223u;
        to[i] = ((float)(*state >> 8) / 8388608.0f - 1.0f) * scale;
    }
}

/// Whether every row of the product at `position % step == offset` has the bits of `expected`.
static int rows_equal(const float *out, const float *expected, size_t columns, size_t step, size_t offset) {
    for (size_t position = offset; position < LP_TILE_ROWS; position += step) {
        if (memcmp(out + position * columns, expected, columns * sizeof *out) != 0) return 0;
    }
    return 1;
}

int lp_product_is_steady(lp_product product, size_t inputs, size_t columns, unsigned seed, float *scratch) {
    uint32_t state = seed;
    float *row = scratch;
    float *expected = row + inputs;
    float *panel = expected + columns;
    float *tile = panel + columns * inputs;
    float *out = tile + LP_TILE_ROWS * inputs;
    size_t row_bytes = inputs * sizeof *row;

    fill(row, inputs, 1.0f, &state);
    fill(panel, columns * inputs, 1.0f, &state);

    // Among 63 copies of itself: every position is compared in one product.
    for (size_t position = 0; position < LP_TILE_ROWS; position++) memcpy(tile + position * inputs, row, row_bytes);
    product(tile, panel, inputs, columns, out);
    memcpy(expected, out, columns * sizeof *out);
    if (!rows_equal(out, expected, columns, 1, 0)) return 0;

    // At every fourth position among strangers, of ordinary and of very large size in turn.
    for (size_t offset = 0; offset < 4; offset++) {
        fill(tile, LP_TILE_ROWS * inputs, offset % 2 == 0 ? 1.0f : 1e18f, &state);
        for (size_t position = offset; position < LP_TILE_ROWS; position += 4) {
            memcpy(tile + position * inputs, row, row_bytes);
        }
        product(tile, panel, inputs, columns, out);
        if (!rows_equal(out, expected, columns, 4, offset)) return 0;
    }

    // Alone at either end of an empty tile, as the last tile of a batch is.
    for (size_t position = 0; position < LP_TILE_ROWS; position += LP_TILE_ROWS - 1) {
        memset(tile, 0, LP_TILE_ROWS * row_bytes);
        memcpy(tile + position * inputs, row, row_bytes);
        product(tile, panel, inputs, columns, out);
        if (!rows_equal(out, expected, columns, LP_TILE_ROWS, position)) return 0;
    }
    return 1;
}
