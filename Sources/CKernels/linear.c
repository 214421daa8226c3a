// Multiplies rows with stored weights, tile by panel.
#include "linear.h"

#include <stdint.h>
#include <string.h>

size_t lp_linear_panels(size_t outputs) { return (outputs + LP_PANEL_COLUMNS - 1) / LP_PANEL_COLUMNS; }

size_t lp_linear_scratch(size_t inputs) {
    return LP_PANEL_COLUMNS * inputs + LP_TILE_ROWS * inputs + LP_TILE_ROWS * LP_PANEL_COLUMNS;
}

/// The rows of a product to their places among all columns, onto what stands there if `accumulate`, then the bias.
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
        if (accumulate) {
            for (size_t i = 0; i < columns; i++) to[i] += from[i];
        } else {
            memcpy(to, from, columns * sizeof *to);
        }
        if (!bias) continue;
        for (size_t i = 0; i < columns; i++) to[i] += bias[i];
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
