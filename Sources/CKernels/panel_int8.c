// Int8 rows times a panel of int8 weights, for the least machine.
#include <string.h>

#include "panel_versions.h"

/// One row times one group.
static void multiply_row(const uint8_t x[LP_GROUP], const lp_group *group, float x_scale, float *y) {
    int32_t sums[LP_PANEL];
    memcpy(sums, group->correction, sizeof sums);
    for (size_t quad = 0; quad < group->quads; quad++) {
        const int8_t *q = group->q + quad * LP_PANEL * 4;
        const uint8_t *four = x + quad * 4;
        for (size_t c = 0; c < LP_PANEL; c++) {
            sums[c] += four[0] * q[c * 4] + four[1] * q[c * 4 + 1] + four[2] * q[c * 4 + 2] + four[3] * q[c * 4 + 3];
        }
    }
    for (size_t c = 0; c < LP_PANEL; c += LP_VECTOR) {
        lp_add_group((const lp_ints *)(sums + c), group->scales + c, x_scale, y + c, y + c);
    }
}

void lp_panel_int8_plain(const lp_panel_work *work) {
    const lp_cells *x = work->x;
    size_t inputs = work->weights->inputs;
    const char *block = (const char *)work->weights->panels + work->panel * lp_panel_bytes(LP_FORMAT_INT8, inputs);

    memset(work->tile, 0, work->rows * LP_PANEL * sizeof *work->tile);
    for (size_t first = 0; first < inputs; first += LP_GROUP) {
        lp_group group = lp_group_at(block, inputs - first < LP_GROUP ? inputs - first : LP_GROUP);
        const uint8_t *cells = (const uint8_t *)x->cells + first * x->capacity + work->first_row * LP_GROUP;
        const float *scales = x->scales + first / LP_GROUP * x->capacity + work->first_row;
        for (size_t row = 0; row < work->rows; row++) {
            multiply_row(cells + row * LP_GROUP, &group, scales[row], work->tile + row * LP_PANEL);
        }
        block = group.end;
    }
    lp_add_outliers(1, work);
}
