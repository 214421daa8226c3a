// Finishes queries in place and keys and values in their slots.
#include "projection.h"

#include <string.h>

#include "attention.h"
#include "rows.h"

/// One head: normed if there is a norm, then turned.
LP_INLINE void finish_head(
    const lp_projection *p, const float *from, const float *norm, const float *cosine, const float *sine, float *to
) {
    if (norm) lp_norm_row(from, norm, p->epsilon, p->dimension, to);
    lp_turn_head(norm ? to : from, cosine, sine, 1.0f, p->dimension / 2, to);
}

LP_INLINE void finish(const lp_projection *p, size_t first_row, size_t rows) {
    size_t half = p->dimension / 2;
    size_t shared_width = p->key_value_heads * p->dimension;
    for (size_t row = first_row; row < first_row + rows; row++) {
        const float *cosine = p->cosine + row * half;
        const float *sine = p->sine + row * half;
        float *query = p->projected + row * p->stride;
        const float *key = query + p->heads * p->dimension;
        size_t slot = (size_t)p->slots[row];
        float *kept = p->slabs[slot / LP_SLAB] + slot % LP_SLAB * 2 * shared_width;
        for (size_t d = 0; d < p->heads * p->dimension; d += p->dimension) {
            finish_head(p, query + d, p->query_norm, cosine, sine, query + d);
        }
        for (size_t d = 0; d < shared_width; d += p->dimension) {
            finish_head(p, key + d, p->key_norm, cosine, sine, kept + d);
        }
        memcpy(kept + shared_width, key + shared_width, shared_width * sizeof *kept);
    }
}

#if defined(__x86_64__)
LP_TARGET_AVX2 static void finish_avx2(const lp_projection *p, size_t first_row, size_t rows) {
    finish(p, first_row, rows);
}

LP_TARGET_AVX512 static void finish_avx512(const lp_projection *p, size_t first_row, size_t rows) {
    finish(p, first_row, rows);
}
#endif

void lp_finish_projection(lp_isa isa, const lp_projection *projection, size_t first_row, size_t rows) {
#if defined(__x86_64__)
    if (isa == LP_AVX512 || isa == LP_AVX512_VNNI) {
        finish_avx512(projection, first_row, rows);
        return;
    }
    if (isa == LP_AVX2) {
        finish_avx2(projection, first_row, rows);
        return;
    }
#endif
    (void)isa;
    finish(projection, first_row, rows);
}
