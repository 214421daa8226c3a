// Int8 rows times a panel of int8 weights, by AVX-512 VNNI.
//
// Its dot product takes one side without sign: activations are stored 128 higher, and the sums start at the correction
// for it (weights.h).
//
// A core whose other thread works for somebody else issues two instructions a cycle instead of four. So what counts is
// how few there are beside the 24 dot products of four inputs: 10 loads, one prefetch, and an eighth of a loop's turn.
#include "panel_versions.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

enum { ROWS = 6, VECTORS = 4 }; // 24 sums, 4 weights and an activation of the 32 registers

/// What the first group is added to, for every row.
static const float zeros[LP_PANEL];

/// Where a block reads. `x[i]` is two rows behind the first of rows 4 i to 4 i + 3: so all of a turn is in reach of
/// short displacements, and its instructions are short.
typedef struct places {
    const uint8_t *x[2];
    const int8_t *q;
} places;

/// Moves on by some quads. The compiler must not see that the pointers have a base in common: it would take one.
LP_INLINE void move_on(places *at, size_t quads) {
    for (size_t i = 0; i < 2; i++) at->x[i] += quads * 4;
    at->q += quads * LP_PANEL * 4;
    __asm__("" : "+r"(at->x[0]), "+r"(at->x[1]), "+r"(at->q));
}

/// `rows` rows times the four inputs of a quad.
LP_TARGET_VNNI LP_INLINE void multiply_quad(
    const size_t rows, const places *at, const size_t quad, __m512i sums[ROWS][VECTORS]
) {
    __m512i weights[VECTORS];
    for (size_t v = 0; v < VECTORS; v++) {
        weights[v] = _mm512_loadu_si512(at->q + (quad * LP_PANEL + v * LP_VECTOR) * 4);
    }
    for (size_t r = 0; r < rows; r++) {
        int32_t four;
        memcpy(&four, at->x[r / 4] + ((ptrdiff_t)(r % 4) - 2) * LP_GROUP + quad * 4, sizeof four);
        __m512i number = _mm512_set1_epi32(four);
        for (size_t v = 0; v < VECTORS; v++) sums[r][v] = _mm512_dpbusd_epi32(sums[r][v], number, weights[v]);
    }
}

/// `rows` rows times one group, added to y or its beginning. LP_TURN quads fetch what LP_TURN k of float32 do
/// (multiply.h), so that in a group all rows of the next block and all sums of this one come nearer.
LP_TARGET_VNNI LP_INLINE void multiply_block(
    const size_t rows, const uint8_t *x, const lp_group *group, const float *x_scales, int begins, float *y,
    const char *next, // some of the next group's weights
    size_t step       // bytes between two fetches of them
) {
    __m512i sums[ROWS][VECTORS];
    for (size_t v = 0; v < VECTORS; v++) {
        __m512i correction = _mm512_loadu_si512(group->correction + v * LP_VECTOR);
        for (size_t r = 0; r < rows; r++) sums[r][v] = correction;
    }
    lp_fetch fetch = {{(const char *)(x + rows * LP_GROUP), (const char *)y}, next, step};
    places at = {{x + 2 * LP_GROUP, x + 6 * LP_GROUP}, group->q};
    move_on(&at, 0);
    size_t quads = group->quads;
    for (; quads >= LP_TURN; quads -= LP_TURN) {
#pragma clang loop unroll(full)
        for (size_t quad = 0; quad < LP_TURN; quad++) {
            lp_fetch_one(&fetch, quad);
            multiply_quad(rows, &at, quad, sums);
        }
        move_on(&at, LP_TURN);
        lp_fetch_on(&fetch);
    }
    for (; quads > 0; quads--) {
        multiply_quad(rows, &at, 0, sums);
        move_on(&at, 1);
    }
    const float *before = begins ? zeros : y;
    size_t before_stride = begins ? 0 : LP_PANEL;
// Without this the sums go through memory.
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (size_t v = 0; v < VECTORS; v++) {
            size_t column = v * LP_VECTOR;
            lp_ints dot = (lp_ints)sums[r][v];
            const float *from = before + r * before_stride + column;
            lp_add_group(&dot, group->scales + column, x_scales[r], from, y + r * LP_PANEL + column);
        }
    }
}

LP_TARGET_VNNI LP_INLINE void multiply_group(
    const lp_panel_work *work, const lp_group *group, const uint8_t *x, const float *x_scales, size_t first,
    size_t step
) {
    size_t groups_left = (work->weights->inputs - first - 1) / LP_GROUP;
    int begins = first == 0;
    const char *next = group->end;
    float *y = work->tile;
    size_t left = work->rows;
    for (; left >= ROWS; left -= ROWS) {
        lp_fetch_target(work, work->rows - left, ROWS, groups_left);
        multiply_block(ROWS, x, group, x_scales, begins, y, next, step);
        x += ROWS * LP_GROUP;
        x_scales += ROWS;
        y += ROWS * LP_PANEL;
        next += step * (group->quads / (LP_TURN / 2));
    }
    if (left == 5) multiply_block(5, x, group, x_scales, begins, y, next, step);
    if (left == 4) multiply_block(4, x, group, x_scales, begins, y, next, step);
    if (left == 3) multiply_block(3, x, group, x_scales, begins, y, next, step);
    if (left == 2) multiply_block(2, x, group, x_scales, begins, y, next, step);
    if (left == 1) multiply_block(1, x, group, x_scales, begins, y, next, step);
}

LP_TARGET_VNNI void lp_panel_int8_vnni(const lp_panel_work *work) {
    const lp_cells *x = work->x;
    size_t inputs = work->weights->inputs;
    const char *block = (const char *)work->weights->panels + work->panel * lp_panel_bytes(LP_FORMAT_INT8, inputs);
    size_t steps = (work->rows + ROWS - 1) / ROWS * (LP_GROUP / 4 / (LP_TURN / 2));

    for (size_t first = 0; first < inputs; first += LP_GROUP) {
        lp_group group = lp_group_at(block, inputs - first < LP_GROUP ? inputs - first : LP_GROUP);
        const uint8_t *cells = (const uint8_t *)x->cells + first * x->capacity + work->first_row * LP_GROUP;
        const float *scales = x->scales + first / LP_GROUP * x->capacity + work->first_row;
        size_t step = ((size_t)(group.end - block) + steps - 1) / steps;
        multiply_group(work, &group, cells, scales, first, step);
        block = group.end;
    }
    lp_add_outliers(VECTORS, work);
}
#endif
