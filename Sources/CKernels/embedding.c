// Gathers embedding rows.
#include "embedding.h"

lp_status lp_embedding(
    const void *table, lp_dtype dtype, size_t vocabulary, size_t width, const int32_t *ids, size_t rows, float *out
) {
    size_t element = lp_dtype_size(dtype);
    if (element == 0) return LP_BAD_DTYPE;
    for (size_t row = 0; row < rows; row++) {
        if (ids[row] < 0 || (size_t)ids[row] >= vocabulary) return LP_BAD_INDEX;
        const char *stored = (const char *)table + (size_t)ids[row] * width * element;
        lp_status status = lp_widen(stored, dtype, width, out + row * width);
        if (status != LP_OK) return status;
    }
    return LP_OK;
}

void lp_embedding_backward(const float *dout, const int32_t *ids, size_t rows, size_t width, float *dtable) {
    for (size_t row = 0; row < rows; row++) {
        float *restrict to = dtable + (size_t)ids[row] * width;
        const float *restrict from = dout + row * width;
        for (size_t i = 0; i < width; i++) to[i] += from[i];
    }
}
