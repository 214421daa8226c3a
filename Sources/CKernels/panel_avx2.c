// Int8 rows times a panel of int8 weights, by AVX2.
//
// Its product of bytes takes one side without sign and adds two products in 16 bits, with saturation. So |x| goes to
// that side, and x's sign to the weight: 2 * 127 * 127 fits.
#include "panel_versions.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

enum { ROWS = 4, COLUMNS = 16 }; // 8 sums, 2 weights, and what a product passes through

/// `rows` rows times 16 columns of one group; `q`, `scales` and `y` are at the first of the columns.
LP_TARGET_AVX2 LP_INLINE void multiply_block(
    const size_t rows, const uint8_t *x, const int8_t *q, size_t quads, const float *scales, const float *x_scales,
    float *y
) {
    const __m256i raised = _mm256_set1_epi8(-128);
    __m256i sums[ROWS][2];
    for (size_t r = 0; r < rows; r++) sums[r][0] = sums[r][1] = _mm256_setzero_si256();
    for (size_t quad = 0; quad < quads; quad++) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(q + quad * LP_PANEL * 4));
        __m256i high = _mm256_loadu_si256((const __m256i *)(q + quad * LP_PANEL * 4 + 32));
        for (size_t r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, x + r * LP_GROUP + quad * 4, sizeof four);
            __m256i number = _mm256_xor_si256(_mm256_set1_epi32(four), raised);
            __m256i magnitude = _mm256_abs_epi8(number);
            __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(low, number));
            sums[r][0] = _mm256_add_epi32(sums[r][0], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
            pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(high, number));
            sums[r][1] = _mm256_add_epi32(sums[r][1], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
        }
    }
    for (size_t r = 0; r < rows; r++) {
        lp_add_group((const lp_ints *)sums[r], scales, x_scales[r], y + r * LP_PANEL, y + r * LP_PANEL);
    }
}

LP_TARGET_AVX2 LP_INLINE void multiply_group(
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

LP_TARGET_AVX2 void lp_panel_int8_avx2(const lp_panel_work *work) {
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
