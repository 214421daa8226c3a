// Checks a panel's product and hands it to a version of it.
#include "panel.h"

#include "panel_versions.h"

static lp_status check(const lp_weights *weights, size_t panel, const lp_cells *x, size_t first_row, size_t rows) {
    if (weights->inputs == 0 || weights->inputs != x->width) return LP_BAD_SHAPE;
    if (first_row > x->capacity || rows > x->capacity - first_row) return LP_BAD_SHAPE;
    if (panel >= lp_panels(weights->outputs)) return LP_BAD_INDEX;
    if (lp_panel_bytes(weights->format, weights->inputs) == 0) return LP_BAD_DTYPE;
    if ((weights->format == LP_FORMAT_INT8) != (x->is_int8 != 0)) return LP_BAD_SHAPE;
    if (x->is_int8 && weights->outlier_count != x->outlier_count) return LP_BAD_SHAPE;
    return LP_OK;
}

lp_status lp_multiply_panel(
    lp_isa isa, const lp_weights *weights, size_t panel, const lp_cells *x, size_t first_row, size_t rows,
    float *scratch, float *tile
) {
    return lp_multiply_panel_toward(isa, weights, panel, x, first_row, rows, scratch, tile, NULL, 0);
}

lp_status lp_multiply_panel_toward(
    lp_isa isa, const lp_weights *weights, size_t panel, const lp_cells *x, size_t first_row, size_t rows,
    float *scratch, float *tile, const float *y, size_t stride
) {
    lp_status status = check(weights, panel, x, first_row, rows);
    if (status != LP_OK || rows == 0) return status;
    lp_panel_work work = {weights, x, panel, first_row, rows, scratch, tile, y, stride};
    if (weights->format != LP_FORMAT_INT8) {
        lp_panel_float(isa, &work);
        return LP_OK;
    }
#if defined(__x86_64__)
    if (isa == LP_AVX512_VNNI) {
        lp_panel_int8_vnni(&work);
        return LP_OK;
    }
    if (isa == LP_AVX2 || isa == LP_AVX512) {
        lp_panel_int8_avx2(&work);
        return LP_OK;
    }
#elif defined(__aarch64__)
    if (isa == LP_DOTPROD) {
        lp_panel_int8_dotprod(&work);
        return LP_OK;
    }
#endif
    lp_panel_int8_plain(&work);
    return LP_OK;
}
