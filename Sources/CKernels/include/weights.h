// Weights as products read them: packed once, in panels of 64 outputs.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "status.h"
#include "widen.h"

enum { LP_PANEL = 64 };

/// How packed weights are stored.
typedef enum lp_format {
    LP_FORMAT_FLOAT32 = 0,
    LP_FORMAT_FLOAT16 = 1,
    LP_FORMAT_BFLOAT16 = 2,
    LP_FORMAT_INT8 = 3,
} lp_format;

/// One packed weight [outputs, inputs]; it borrows its memory, which is aligned to 64 bytes.
///
/// int8: w = q * scale in groups of LP_GROUP inputs of one output, quantised like activations (cells.h), weights of the
/// outlier inputs left out. A block has what a product reads of one group, and `correction` is -128 * (sum of q): what
/// the 128 that activations are raised by adds to their dot product.
typedef struct lp_weights {
    const void *panels;    // stored: [panels, inputs, 64] in its type; int8: [panels, groups] blocks of
                           // { int32 correction[64]; float scale[64]; int8 q[ceil(inputs of the group / 4), 64, 4] }
    const float *outliers; // int8: [panels, outlier_count, 64]; else NULL
    size_t outlier_count;
    size_t inputs;
    size_t outputs; // the last panel is filled up with zeros
    lp_format format;
} lp_weights;

/// How many panels that many outputs have.
size_t lp_panels(size_t outputs);

/// Bytes of one packed panel, a multiple of 64; 0 for an unknown format.
size_t lp_panel_bytes(lp_format format, size_t inputs);

/// Packs one panel: weights of a dtype to the format of the same name, or to int8; LP_BAD_DTYPE otherwise.
///
/// Stored formats ignore outliers. LP_BAD_INDEX where outlier inputs do not ascend or are past the end.
lp_status lp_pack_panel(
    lp_format format,
    const void *const *rows, // [64]: each NULL (an output of zeros), or [inputs] stored as dtype
    lp_dtype dtype, size_t inputs,
    const uint32_t *outlier_inputs, // [outlier_count], ascending
    size_t outlier_count,
    void *panel,    // [lp_panel_bytes(format, inputs)], aligned to 64 bytes
    float *outliers // int8: [outlier_count, 64]
);

/// peaks[k] = max(peaks[k], |row[k]|), what outlier inputs are told by; a NaN is passed over.
lp_status lp_channel_peaks(
    const void *row, // [inputs] stored as dtype
    lp_dtype dtype, size_t inputs,
    float *peaks // [inputs]
);
