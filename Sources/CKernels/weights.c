// Packs weights into panels.
#include "weights.h"

#include <string.h>

#include "cells.h"
#include "quantize.h"

enum { PIECE = 32 }; // inputs transposed at once: 64 outputs of them stay in the first-level cache

size_t lp_panels(size_t outputs) { return outputs / LP_PANEL + (outputs % LP_PANEL != 0); }

/// Bytes of the block of one int8 group.
static size_t block_bytes(size_t inputs) {
    return LP_PANEL * (sizeof(int32_t) + sizeof(float)) + (inputs + 3) / 4 * LP_PANEL * 4;
}

size_t lp_panel_bytes(lp_format format, size_t inputs) {
    if (format == LP_FORMAT_FLOAT32) return inputs * LP_PANEL * 4;
    if (format == LP_FORMAT_FLOAT16 || format == LP_FORMAT_BFLOAT16) return inputs * LP_PANEL * 2;
    if (format != LP_FORMAT_INT8) return 0;
    size_t rest = inputs % LP_GROUP;
    return inputs / LP_GROUP * block_bytes(LP_GROUP) + (rest ? block_bytes(rest) : 0);
}

/// panel[k][output] = rows[output][k], numbers of `size` bytes.
LP_INLINE void transpose(const void *const *rows, const size_t size, size_t inputs, char *panel) {
    for (size_t first = 0; first < inputs; first += PIECE) {
        size_t end = inputs - first < PIECE ? inputs : first + PIECE;
        for (size_t output = 0; output < LP_PANEL; output++) {
            const char *row = rows[output];
            for (size_t k = first; k < end; k++) {
                char *to = panel + (k * LP_PANEL + output) * size;
                if (row) {
                    memcpy(to, row + k * size, size);
                } else {
                    memset(to, 0, size);
                }
            }
        }
    }
}

/// One output of one block. Its q stand 128 higher until here, where a flipped highest bit takes the 128 off.
static void place_output(
    const uint8_t raised[LP_GROUP], float scale, size_t count, size_t output, int32_t *correction, float *scales,
    int8_t *q
) {
    size_t quads = (count + 3) / 4;
    int32_t sum = 0;
    for (size_t i = 0; i < quads * 4; i++) sum += raised[i];
    for (size_t quad = 0; quad < quads; quad++) {
        uint32_t four;
        memcpy(&four, raised + quad * 4, sizeof four);
        four ^= 0x80808080u;
        memcpy(q + (quad * LP_PANEL + output) * 4, &four, sizeof four);
    }
    correction[output] = -128 * (sum - 128 * (int32_t)(quads * 4));
    scales[output] = scale;
}

static lp_status pack_int8(
    const void *const *rows, lp_dtype dtype, size_t inputs, const uint32_t *outlier_inputs, size_t outlier_count,
    char *panel, float *outliers
) {
    size_t element = lp_dtype_size(dtype);
    size_t outlier = 0;
    for (size_t first = 0; first < inputs; first += LP_GROUP) {
        size_t count = inputs - first < LP_GROUP ? inputs - first : LP_GROUP;
        int32_t *correction = (int32_t *)panel;
        float *scales = (float *)panel + LP_PANEL;
        int8_t *q = (int8_t *)(scales + LP_PANEL);
        size_t outlier_end = outlier;
        while (outlier_end < outlier_count && outlier_inputs[outlier_end] < first + count) outlier_end++;

        for (size_t output = 0; output < LP_PANEL; output++) {
            float numbers[LP_GROUP] = {0};
            if (rows[output]) {
                lp_status status = lp_widen((const char *)rows[output] + first * element, dtype, count, numbers);
                if (status != LP_OK) return status;
            }
            for (size_t i = outlier; i < outlier_end; i++) {
                float *number = numbers + (outlier_inputs[i] - first);
                outliers[i * LP_PANEL + output] = *number;
                *number = 0.0f;
            }
            uint8_t raised[LP_GROUP];
            float scale = lp_quantize_group(numbers, raised);
            place_output(raised, scale, count, output, correction, scales, q);
        }
        outlier = outlier_end;
        panel += block_bytes(count);
    }
    return LP_OK;
}

lp_status lp_pack_panel(
    lp_format format, const void *const *rows, lp_dtype dtype, size_t inputs, const uint32_t *outlier_inputs,
    size_t outlier_count, void *panel, float *outliers
) {
    if (inputs == 0) return LP_BAD_SHAPE;
    if (format == LP_FORMAT_INT8) {
        if (lp_dtype_size(dtype) == 0) return LP_BAD_DTYPE;
        for (size_t i = 0; i < outlier_count; i++) {
            if (outlier_inputs[i] >= inputs) return LP_BAD_INDEX;
            if (i > 0 && outlier_inputs[i] <= outlier_inputs[i - 1]) return LP_BAD_INDEX;
        }
        return pack_int8(rows, dtype, inputs, outlier_inputs, outlier_count, panel, outliers);
    }
    if (format == LP_FORMAT_FLOAT32 && dtype == LP_FLOAT32) {
        transpose(rows, 4, inputs, panel);
    } else if (
        (format == LP_FORMAT_FLOAT16 && dtype == LP_FLOAT16) || (format == LP_FORMAT_BFLOAT16 && dtype == LP_BFLOAT16)
    ) {
        transpose(rows, 2, inputs, panel);
    } else {
        return LP_BAD_DTYPE;
    }
    return LP_OK;
}

lp_status lp_channel_peaks(const void *row, lp_dtype dtype, size_t inputs, float *peaks) {
    size_t element = lp_dtype_size(dtype);
    if (element == 0) return LP_BAD_DTYPE;
    float numbers[LP_GROUP];
    for (size_t first = 0; first < inputs; first += LP_GROUP) {
        size_t count = inputs - first < LP_GROUP ? inputs - first : LP_GROUP;
        lp_widen((const char *)row + first * element, dtype, count, numbers);
        for (size_t i = 0; i < count; i++) {
            float magnitude = __builtin_fabsf(numbers[i]);
            peaks[first + i] = magnitude > peaks[first + i] ? magnitude : peaks[first + i];
        }
    }
    return LP_OK;
}
