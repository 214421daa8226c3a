// Carries tiles to their places.
#include "tile.h"

#include <string.h>

#include "gate.h"
#include "vectors.h"

enum { COLUMNS = 64, HALF = 32, ROWS = LP_BUNDLE * LP_VECTOR / HALF };

LP_INLINE void store(
    const int adds, const float *tile, const float *bias, size_t rows, size_t columns, float *y, size_t stride
) {
    for (size_t row = 0; row < rows; row++) {
        const float *from = tile + row * COLUMNS;
        float *to = y + row * stride;
        size_t c = 0;
        for (; c + LP_VECTOR <= columns; c += LP_VECTOR) {
            lp_floats numbers = *(const lp_floats *)(from + c);
            if (bias) numbers += *(const lp_floats *)(bias + c);
            *(lp_floats *)(to + c) = adds ? *(const lp_floats *)(to + c) + numbers : numbers;
        }
        for (; c < columns; c++) {
            float number = bias ? from[c] + bias[c] : from[c];
            to[c] = adds ? to[c] + number : number;
        }
    }
}

/// A bundle of whole rows.
LP_INLINE void gate_rows(const float *tile, const float *bias, float *y, size_t stride) {
    lp_floats gates[LP_BUNDLE];
    lp_floats ups[LP_BUNDLE];
    for (size_t v = 0; v < LP_BUNDLE; v++) {
        size_t column = v % 2 * LP_VECTOR;
        const float *from = tile + v / 2 * COLUMNS + column;
        gates[v] = *(const lp_floats *)from;
        ups[v] = *(const lp_floats *)(from + HALF);
        if (bias) gates[v] += *(const lp_floats *)(bias + column);
        if (bias) ups[v] += *(const lp_floats *)(bias + column + HALF);
    }
    lp_gate_bundle(gates, ups);
    for (size_t v = 0; v < LP_BUNDLE; v++) *(lp_floats *)(y + v / 2 * stride + v % 2 * LP_VECTOR) = gates[v];
}

LP_INLINE void gate(const float *tile, const float *bias, size_t rows, size_t columns, float *y, size_t stride) {
    size_t row = 0;
    for (; columns == HALF && row + ROWS <= rows; row += ROWS) {
        gate_rows(tile + row * COLUMNS, bias, y + row * stride, stride);
    }
    // The last rows, and narrow ones, by way of whole bundles.
    float padded[ROWS * COLUMNS] = {0};
    float gated[ROWS * HALF];
    for (; row < rows; row += ROWS) {
        size_t count = rows - row < ROWS ? rows - row : ROWS;
        memcpy(padded, tile + row * COLUMNS, count * COLUMNS * sizeof *padded);
        gate_rows(padded, bias, gated, HALF);
        for (size_t r = 0; r < count; r++) memcpy(y + (row + r) * stride, gated + r * HALF, columns * sizeof *y);
    }
}

#if defined(__x86_64__)
LP_TARGET_AVX2 static void store_avx2(
    int adds, const float *tile, const float *bias, size_t rows, size_t columns, float *y, size_t stride
) {
    store(adds, tile, bias, rows, columns, y, stride);
}

LP_TARGET_AVX512 static void store_avx512(
    int adds, const float *tile, const float *bias, size_t rows, size_t columns, float *y, size_t stride
) {
    store(adds, tile, bias, rows, columns, y, stride);
}

LP_TARGET_AVX2 static void gate_avx2(
    const float *tile, const float *bias, size_t rows, size_t columns, float *y, size_t stride
) {
    gate(tile, bias, rows, columns, y, stride);
}

LP_TARGET_AVX512 static void gate_avx512(
    const float *tile, const float *bias, size_t rows, size_t columns, float *y, size_t stride
) {
    gate(tile, bias, rows, columns, y, stride);
}
#endif

static void place(
    lp_isa isa, int adds, const float *tile, const float *bias, size_t rows, size_t columns, float *y, size_t stride
) {
#if defined(__x86_64__)
    if (isa == LP_AVX512 || isa == LP_AVX512_VNNI) {
        store_avx512(adds, tile, bias, rows, columns, y, stride);
        return;
    }
    if (isa == LP_AVX2) {
        store_avx2(adds, tile, bias, rows, columns, y, stride);
        return;
    }
#endif
    (void)isa;
    store(adds, tile, bias, rows, columns, y, stride);
}

void lp_tile_store(
    lp_isa isa, const float *tile, const float *bias, size_t rows, size_t columns, float *y, size_t stride
) {
    place(isa, 0, tile, bias, rows, columns, y, stride);
}

void lp_tile_add(
    lp_isa isa, const float *tile, const float *bias, size_t rows, size_t columns, float *y, size_t stride
) {
    place(isa, 1, tile, bias, rows, columns, y, stride);
}

void lp_tile_gate(
    lp_isa isa, const float *tile, const float *bias, size_t rows, size_t columns, float *y, size_t stride
) {
#if defined(__x86_64__)
    if (isa == LP_AVX512 || isa == LP_AVX512_VNNI) {
        gate_avx512(tile, bias, rows, columns, y, stride);
        return;
    }
    if (isa == LP_AVX2) {
        gate_avx2(tile, bias, rows, columns, y, stride);
        return;
    }
#endif
    (void)isa;
    gate(tile, bias, rows, columns, y, stride);
}
