// Multiplies rows with stored weights, tile by panel.
#include "linear.h"

#include <cblas.h>
#include <stdint.h>
#include <string.h>

#include "lanes.h"

void lp_blas_use_one_thread(void) { openblas_set_num_threads(1); }

size_t lp_linear_panels(size_t outputs) { return (outputs + LP_PANEL_COLUMNS - 1) / LP_PANEL_COLUMNS; }

size_t lp_linear_scratch(size_t inputs) {
    return LP_PANEL_COLUMNS * inputs + LP_TILE_ROWS * inputs + LP_TILE_ROWS * LP_PANEL_COLUMNS;
}

void lp_product_blas(const float *tile, const float *panel, size_t inputs, size_t columns, float *out) {
    cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, LP_TILE_ROWS, (int)columns, (int)inputs, 1.0f, tile, (int)inputs, panel,
        (int)inputs, 0.0f, out, (int)columns
    );
}

void lp_product_plain(const float *tile, const float *panel, size_t inputs, size_t columns, float *out) {
    for (size_t row = 0; row < LP_TILE_ROWS; row++) {
        for (size_t column = 0; column < columns; column++) {
            out[row * columns + column] = lp_dot(tile + row * inputs, panel + column * inputs, inputs);
        }
    }
}

/// The rows of a product to their places among all columns, with the bias and what may already stand there.
static void place_rows(
    const float *product, // [rows, columns]
    const float *bias,    // [columns], or NULL
    size_t rows, size_t columns, int accumulate,
    float *y, // [rows, stride], at the panel's first column
    size_t stride
) {
    for (size_t row = 0; row < rows; row++) {
        const float *from = product + row * columns;
        float *to = y + row * stride;
        for (size_t i = 0; i < columns; i++) {
            float value = bias ? from[i] + bias[i] : from[i];
            to[i] = accumulate ? to[i] + value : value;
        }
    }
}

lp_status lp_linear_panel(
    const lp_linear *layer, size_t panel, const float *x, size_t rows, int accumulate, float *y, float *scratch
) {
    size_t inputs = layer->inputs;
    size_t element = lp_dtype_size(layer->dtype);
    if (element == 0) return LP_BAD_DTYPE;
    if (inputs == 0 || inputs > INT32_MAX) return LP_BAD_SHAPE; // the BLAS counts in int
    if (panel >= lp_linear_panels(layer->outputs)) return LP_BAD_INDEX;

    size_t first = panel * LP_PANEL_COLUMNS;
    size_t columns = layer->outputs - first < LP_PANEL_COLUMNS ? layer->outputs - first : LP_PANEL_COLUMNS;
    float *product = scratch;
    float *padded = product + LP_TILE_ROWS * LP_PANEL_COLUMNS;
    float *widened = padded + LP_TILE_ROWS * inputs;
    const float *bias = layer->bias ? layer->bias + first : NULL;
    const void *stored = (const char *)layer->weight + first * inputs * element;

    const float *weights = stored;
    if (layer->dtype != LP_FLOAT32) {
        lp_status status = lp_widen(stored, layer->dtype, columns * inputs, widened);
        if (status != LP_OK) return status;
        weights = widened;
    }
    for (size_t row = 0; row < rows; row += LP_TILE_ROWS) {
        size_t count = rows - row < LP_TILE_ROWS ? rows - row : LP_TILE_ROWS;
        const float *tile = x + row * inputs;
        if (count < LP_TILE_ROWS) {
            memcpy(padded, tile, count * inputs * sizeof *padded);
            memset(padded + count * inputs, 0, (LP_TILE_ROWS - count) * inputs * sizeof *padded);
            tile = padded;
        }
        layer->product(tile, weights, inputs, columns, product);
        place_rows(product, bias, count, columns, accumulate, y + row * layer->outputs + first, layer->outputs);
    }
    return LP_OK;
}
