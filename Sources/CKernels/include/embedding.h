// Token ids to rows of the embedding table.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "status.h"
#include "widen.h"

/// out[r] = table[ids[r]], widened. LP_BAD_INDEX at the first id outside the table; the rows before it are then
/// written.
lp_status lp_embedding(
    const void *table, // [vocabulary, width] stored as dtype
    lp_dtype dtype,
    size_t vocabulary,
    size_t width,
    const int32_t *ids, // [rows]
    size_t rows,
    float *out // [rows, width]
);
