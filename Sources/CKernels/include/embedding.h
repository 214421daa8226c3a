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

/// What the rows of the table were worth: dtable[ids[r]] += dout[r], from the first row to the last. Every id has a row.
void lp_embedding_backward(
    const float *dout,  // [rows, width]
    const int32_t *ids, // [rows]
    size_t rows,
    size_t width,
    float *dtable // [vocabulary, width]
);
