// Copies or quantises rows into cells.
#include "cells.h"

#include <string.h>

#include "quantize.h"

size_t lp_cells_bytes(size_t width, size_t capacity, int is_int8) {
    size_t inputs = is_int8 ? LP_GROUP : LP_CELL_FLOATS;
    return (width + inputs - 1) / inputs * capacity * LP_CELL_BYTES;
}

static void copy_rows(
    const lp_cells *x, const float *from, size_t stride, size_t first_row, size_t rows, size_t first_input, size_t count
) {
    for (size_t input = 0; input < count; input += LP_CELL_FLOATS) {
        size_t here = count - input < LP_CELL_FLOATS ? count - input : LP_CELL_FLOATS;
        float *cell = (float *)x->cells;
        cell += ((first_input + input) / LP_CELL_FLOATS * x->capacity + first_row) * LP_CELL_FLOATS;
        for (size_t row = 0; row < rows; row++) {
            memcpy(cell + row * LP_CELL_FLOATS, from + row * stride + input, here * sizeof *cell);
        }
    }
}

/// The place in `outlier_inputs` of the first one that is not below `input`.
static size_t first_outlier(const lp_cells *x, size_t input) {
    size_t place = 0;
    while (place < x->outlier_count && x->outlier_inputs[place] < input) place++;
    return place;
}

LP_INLINE void quantize_rows(
    const lp_cells *x, const float *from, size_t stride, size_t first_row, size_t rows, size_t first_input, size_t count
) {
    float padded[LP_GROUP];
    for (size_t input = 0; input < count; input += LP_GROUP) {
        size_t here = count - input < LP_GROUP ? count - input : LP_GROUP;
        size_t group = (first_input + input) / LP_GROUP;
        size_t outlier = first_outlier(x, group * LP_GROUP);
        size_t outlier_end = first_outlier(x, group * LP_GROUP + here);
        uint8_t *cell = (uint8_t *)x->cells + (group * x->capacity + first_row) * LP_GROUP;
        float *scales = x->scales + group * x->capacity + first_row;
        for (size_t row = 0; row < rows; row++) {
            const float *numbers = from + row * stride + input;
            if (here < LP_GROUP || outlier < outlier_end) {
                memcpy(padded, numbers, here * sizeof *padded);
                memset(padded + here, 0, (LP_GROUP - here) * sizeof *padded);
                for (size_t i = outlier; i < outlier_end; i++) {
                    float *number = padded + (x->outlier_inputs[i] - group * LP_GROUP);
                    x->outliers[(first_row + row) * x->outlier_count + i] = *number;
                    *number = 0.0f;
                }
                numbers = padded;
            }
            scales[row] = lp_quantize_group(numbers, cell + row * LP_GROUP);
        }
    }
}

#if defined(__x86_64__)
LP_TARGET_AVX2 static void quantize_avx2(
    const lp_cells *x, const float *from, size_t stride, size_t first_row, size_t rows, size_t first_input, size_t count
) {
    quantize_rows(x, from, stride, first_row, rows, first_input, count);
}

LP_TARGET_AVX512 static void quantize_avx512(
    const lp_cells *x, const float *from, size_t stride, size_t first_row, size_t rows, size_t first_input, size_t count
) {
    quantize_rows(x, from, stride, first_row, rows, first_input, count);
}
#endif

lp_status lp_cells_fill(
    lp_isa isa, const lp_cells *x, const float *from, size_t stride, size_t first_row, size_t rows, size_t first_input,
    size_t count
) {
    size_t inputs = x->is_int8 ? LP_GROUP : LP_CELL_FLOATS;
    if (first_row > x->capacity || rows > x->capacity - first_row) return LP_BAD_SHAPE;
    if (first_input % inputs != 0 || first_input > x->width || count > x->width - first_input) return LP_BAD_SHAPE;
    if (count % inputs != 0 && first_input + count != x->width) return LP_BAD_SHAPE;
    if (!x->is_int8) {
        copy_rows(x, from, stride, first_row, rows, first_input, count);
        return LP_OK;
    }
#if defined(__x86_64__)
    if (isa == LP_AVX512 || isa == LP_AVX512_VNNI) {
        quantize_avx512(x, from, stride, first_row, rows, first_input, count);
        return LP_OK;
    }
    if (isa == LP_AVX2) {
        quantize_avx2(x, from, stride, first_row, rows, first_input, count);
        return LP_OK;
    }
#endif
    (void)isa;
    quantize_rows(x, from, stride, first_row, rows, first_input, count);
    return LP_OK;
}
