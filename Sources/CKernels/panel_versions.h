// The compiled versions of a panel's product, and what they share.
#pragma once

#include "multiply.h"
#include "panel.h"

/// One product, its sizes already checked.
typedef struct lp_panel_work {
    const lp_weights *weights;
    const lp_cells *x;
    size_t panel;
    size_t first_row;
    size_t rows;
    float *scratch;
    float *tile;     // [rows, 64]
    const float *y;  // where the tile will go, or NULL
    size_t y_stride; // floats
} lp_panel_work;

void lp_panel_float(lp_isa isa, const lp_panel_work *work);
void lp_panel_int8_plain(const lp_panel_work *work);
void lp_panel_int8_avx2(const lp_panel_work *work);
void lp_panel_int8_vnni(const lp_panel_work *work);
void lp_panel_int8_dotprod(const lp_panel_work *work);

/// The packed weights of one int8 group (weights.h).
typedef struct lp_group {
    const int32_t *correction; // [64]
    const float *scales;       // [64]
    const int8_t *q;           // [quads, 64, 4]
    size_t quads;
    const char *end;
} lp_group;

LP_INLINE lp_group lp_group_at(const char *block, size_t inputs) {
    lp_group group = {(const int32_t *)block, (const float *)block + LP_PANEL, NULL, (inputs + 3) / 4, NULL};
    group.q = (const int8_t *)(group.scales + LP_PANEL);
    group.end = (const char *)(group.q + group.quads * LP_PANEL * 4);
    return group;
}

/// to = fma((float)dot * weight_scale, x_scale, from) for 16 columns: the one definition of what an int8 group adds.
LP_INLINE void lp_add_group(
    const lp_ints *dot, const float *weight_scales, float x_scale, const float *from, float *to
) {
    lp_floats scaled = __builtin_convertvector(*dot, lp_floats) * *(const lp_floats *)weight_scales;
    *(lp_floats *)to = __builtin_elementwise_fma(scaled, (lp_floats)(x_scale), *(const lp_floats *)from);
}

/// Fetches where some rows will go, row by row in the passes over the last inputs, of which `left` are to come.
///
/// All at once, after the product, they would be waited for: too far apart for the processor to foresee.
LP_INLINE void lp_fetch_target(const lp_panel_work *work, size_t row, size_t rows, size_t left) {
    if (!work->y || left >= rows) return;
    const float *y = work->y + (row + left) * work->y_stride;
    for (size_t column = 0; column < LP_PANEL; column += LP_VECTOR) __builtin_prefetch(y + column, 1, 2);
}

/// What outlier inputs add, after all groups.
LP_INLINE void lp_add_outliers(const size_t vectors, const lp_panel_work *work) {
    size_t count = work->weights->outlier_count;
    if (count == 0) return;
    const float *x = work->x->outliers + work->first_row * count;
    const float *w = work->weights->outliers + work->panel * count * LP_PANEL;
    lp_multiply(vectors, x, count, w, LP_PANEL, count, work->rows, work->tile, LP_PANEL);
}
