// Int8 rows times a panel of int8 weights, by AArch64's dot products.
#include "panel_versions.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

enum { ROWS = 4, COLUMNS = 16 }; // 16 sums, 4 weights, 4 activations of the 32 registers

/// `rows` rows times 16 columns of one group; `q`, `scales` and `y` are at the first of the columns.
__attribute__((target("dotprod"))) LP_INLINE void multiply_block(
    const size_t rows, const uint8_t *x, const int8_t *q, size_t quads, const float *scales, const float *x_scales,
    float *y
) {
    int32x4_t sums[ROWS][4];
    for (size_t r = 0; r < rows; r++) {
        for (size_t v = 0; v < 4; v++) sums[r][v] = vdupq_n_s32(0);
    }
    for (size_t quad = 0; quad < quads; quad++) {
        int8x16_t weights[4];
        for (size_t v = 0; v < 4; v++) weights[v] = vld1q_s8(q + quad * LP_PANEL * 4 + v * 16);
        for (size_t r = 0; r < rows; r++) {
            uint32_t four;
            memcpy(&four, x + r * LP_GROUP + quad * 4, sizeof four);
            int8x16_t number = vreinterpretq_s8_u32(vdupq_n_u32(four ^ 0x80808080u)); // the 128 off again
            for (size_t v = 0; v < 4; v++) sums[r][v] = vdotq_s32(sums[r][v], weights[v], number);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        lp_add_group((const lp_ints *)sums[r], scales, x_scales[r], y + r * LP_PANEL, y + r * LP_PANEL);
    }
}

__attribute__((target("dotprod"))) LP_INLINE void multiply_group(
    const lp_group *group, const uint8_t *cells, const float *x_scales, size_t rows, float *tile
) {
    for (size_t column = 0; column < LP_PANEL; column += COLUMNS) {
        const int8_t *q = group->q + column * 4;
        const float *scales = group->scales + column;
        const uint8_t *x = cells;
        const float *x_scale = x_scales;
        float *y = tile + column;
        size_t left = rows;
        for (; left >= ROWS; left -= ROWS) {
            multiply_block(ROWS, x, q, group->quads, scales, x_scale, y);
            x += ROWS * LP_GROUP;
            x_scale += ROWS;
            y += ROWS * LP_PANEL;
        }
        if (left == 3) multiply_block(3, x, q, group->quads, scales, x_scale, y);
        if (left == 2) multiply_block(2, x, q, group->quads, scales, x_scale, y);
        if (left == 1) multiply_block(1, x, q, group->quads, scales, x_scale, y);
    }
}

__attribute__((target("dotprod"))) void lp_panel_int8_dotprod(const lp_panel_work *work) {
    const lp_cells *x = work->x;
    size_t inputs = work->weights->inputs;
    const char *block = (const char *)work->weights->panels + work->panel * lp_panel_bytes(LP_FORMAT_INT8, inputs);

    memset(work->tile, 0, work->rows * LP_PANEL * sizeof *work->tile);
    for (size_t first = 0; first < inputs; first += LP_GROUP) {
        lp_group group = lp_group_at(block, inputs - first < LP_GROUP ? inputs - first : LP_GROUP);
        const uint8_t *cells = (const uint8_t *)x->cells + first * x->capacity + work->first_row * LP_GROUP;
        const float *scales = x->scales + first / LP_GROUP * x->capacity + work->first_row;
        multiply_group(&group, cells, scales, work->rows, work->tile);
        block = group.end;
    }
    lp_add_outliers(1, work);
}
#endif
