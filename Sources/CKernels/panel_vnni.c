// Int8 rows times a panel of int8 weights, by AVX-512 VNNI.
//
// Its dot product takes one side without sign: activations are stored 128 higher, and the sums start at the correction
// for it (weights.h).
#include "panel_versions.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

enum { ROWS = 6, VECTORS = 4 }; // 24 sums, 4 weights and an activation of the 32 registers

/// `rows` rows times one group; `next` is some of the next group's weights, and `step` its bytes for each quad.
///
/// Quad by quad it fetches what comes soon: the rows of the next block and the sums of this one into the first-level
/// cache, weights from memory into the second. All at the beginning they would hold each other up, and the first quads.
LP_TARGET_VNNI LP_INLINE void multiply_block(
    const size_t rows, const uint8_t *x, const lp_group *group, const float *x_scales, float *y, const char *next,
    size_t step
) {
    __m512i sums[ROWS][VECTORS];
    for (size_t v = 0; v < VECTORS; v++) {
        __m512i correction = _mm512_loadu_si512(group->correction + v * LP_VECTOR);
        for (size_t r = 0; r < rows; r++) sums[r][v] = correction;
    }
    for (size_t quad = 0; quad < group->quads; quad++) {
        __builtin_prefetch(x + (rows * LP_GROUP + quad * rows * 4), 0, 3);
        __builtin_prefetch(y + quad * rows, 1, 3);
        __builtin_prefetch(next, 0, 2);
        next += step;
        __m512i weights[VECTORS];
        for (size_t v = 0; v < VECTORS; v++) {
            weights[v] = _mm512_loadu_si512(group->q + (quad * LP_PANEL + v * LP_VECTOR) * 4);
        }
        for (size_t r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, x + r * LP_GROUP + quad * 4, sizeof four);
            __m512i number = _mm512_set1_epi32(four);
            for (size_t v = 0; v < VECTORS; v++) sums[r][v] = _mm512_dpbusd_epi32(sums[r][v], number, weights[v]);
        }
    }
// Without this the sums go through memory.
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (size_t v = 0; v < VECTORS; v++) {
            size_t column = v * LP_VECTOR;
            lp_ints dot = (lp_ints)sums[r][v];
            lp_add_group(&dot, group->scales + column, x_scales[r], y + r * LP_PANEL + column);
        }
    }
}

LP_TARGET_VNNI LP_INLINE void multiply_group(
    const lp_panel_work *work, const lp_group *group, const uint8_t *x, const float *x_scales, size_t groups_left,
    size_t step
) {
    const char *next = group->end;
    float *y = work->tile;
    size_t left = work->rows;
    for (; left >= ROWS; left -= ROWS) {
        lp_fetch_target(work, work->rows - left, ROWS, groups_left);
        multiply_block(ROWS, x, group, x_scales, y, next, step);
        x += ROWS * LP_GROUP;
        x_scales += ROWS;
        y += ROWS * LP_PANEL;
        next += step * group->quads;
    }
    if (left == 5) multiply_block(5, x, group, x_scales, y, next, step);
    if (left == 4) multiply_block(4, x, group, x_scales, y, next, step);
    if (left == 3) multiply_block(3, x, group, x_scales, y, next, step);
    if (left == 2) multiply_block(2, x, group, x_scales, y, next, step);
    if (left == 1) multiply_block(1, x, group, x_scales, y, next, step);
}

LP_TARGET_VNNI void lp_panel_int8_vnni(const lp_panel_work *work) {
    const lp_cells *x = work->x;
    size_t inputs = work->weights->inputs;
    const char *block = (const char *)work->weights->panels + work->panel * lp_panel_bytes(LP_FORMAT_INT8, inputs);
    size_t steps = (work->rows + ROWS - 1) / ROWS * (LP_GROUP / 4);

    memset(work->tile, 0, work->rows * LP_PANEL * sizeof *work->tile);
    for (size_t first = 0; first < inputs; first += LP_GROUP) {
        lp_group group = lp_group_at(block, inputs - first < LP_GROUP ? inputs - first : LP_GROUP);
        const uint8_t *cells = (const uint8_t *)x->cells + first * x->capacity + work->first_row * LP_GROUP;
        const float *scales = x->scales + first / LP_GROUP * x->capacity + work->first_row;
        size_t step = ((size_t)(group.end - block) + steps - 1) / steps;
        multiply_group(work, &group, cells, scales, (inputs - first - 1) / LP_GROUP, step);
        block = group.end;
    }
    lp_add_outliers(VECTORS, work);
}
#endif
