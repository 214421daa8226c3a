// Multiplies a tile with a panel, by the BLAS or by hand.
//
// By hand too, since no BLAS promises that a row's bits do not depend on its place, and a very common one breaks it: the
// AVX2 kernel of OpenBLAS 0.3.21 (Haswell, Zen) adds in another order in every second group of six rows.
#include "product.h"

#include <cblas.h>
#include <string.h>

#include "cpu.h"

enum {
    ROWS = 4, // with two columns: 4 x 2 sums of 8 lanes are what AVX2 has registers and latency for
    COLUMNS = 2,
    LANES = 8,   // sums side by side along the inputs
    CHUNK = 512, // inputs of one partial sum: four rows of it stay in the first-level cache
};

#define INLINE static inline __attribute__((always_inline))

void lp_blas_use_one_thread(void) { openblas_set_num_threads(1); }

void lp_product_blas(const float *tile, const float *panel, size_t inputs, size_t columns, float *out) {
    cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, LP_TILE_ROWS, (int)columns, (int)inputs, 1.0f, tile, (int)inputs,
        panel, (int)inputs, 0.0f, out, (int)columns
    );
}

/// Halves are added to halves.
INLINE float sum_of_lanes(const float s[LANES]) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/// out[r][c] += sum over k < count of tile[r][k] * panel[c][k], for four rows and one or two columns.
INLINE void multiply_block(
    const float *tile, const float *panel, size_t inputs, size_t count, size_t columns, float *out, size_t stride
) {
    float sums[ROWS][COLUMNS][LANES] = {{{0}}};
    size_t k = 0;
    for (; k + LANES <= count; k += LANES) {
        for (size_t r = 0; r < ROWS; r++) {
            for (size_t c = 0; c < columns; c++) {
                for (size_t lane = 0; lane < LANES; lane++) {
                    sums[r][c][lane] += tile[r * inputs + k + lane] * panel[c * inputs + k + lane];
                }
            }
        }
    }
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t c = 0; c < columns; c++) {
            float rest = 0;
            for (size_t i = k; i < count; i++) rest += tile[r * inputs + i] * panel[c * inputs + i];
            out[r * stride + c] += sum_of_lanes(sums[r][c]) + rest;
        }
    }
}

INLINE void multiply(const float *tile, const float *panel, size_t inputs, size_t columns, float *out) {
    memset(out, 0, LP_TILE_ROWS * columns * sizeof *out);
    for (size_t first = 0; first < inputs; first += CHUNK) {
        size_t count = inputs - first < CHUNK ? inputs - first : CHUNK;
        for (size_t row = 0; row < LP_TILE_ROWS; row += ROWS) {
            const float *x = tile + row * inputs + first;
            const float *weights = panel + first;
            float *to = out + row * columns;
            size_t column = 0;
            for (; column + COLUMNS <= columns; column += COLUMNS) {
                multiply_block(x, weights + column * inputs, inputs, count, COLUMNS, to + column, columns);
            }
            if (column < columns) multiply_block(x, weights + column * inputs, inputs, count, 1, to + column, columns);
        }
    }
}

void lp_product_own_plain(const float *tile, const float *panel, size_t inputs, size_t columns, float *out) {
    multiply(tile, panel, inputs, columns, out);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void multiply_avx2(
    const float *tile, const float *panel, size_t inputs, size_t columns, float *out
) {
    multiply(tile, panel, inputs, columns, out);
}
#endif

void lp_product_own(const float *tile, const float *panel, size_t inputs, size_t columns, float *out) {
#if defined(__x86_64__)
    if (lp_has_avx2()) {
        multiply_avx2(tile, panel, inputs, columns, out);
        return;
    }
#endif
    lp_product_own_plain(tile, panel, inputs, columns, out);
}
