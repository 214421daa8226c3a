// Float32 rows times a panel of stored weights.
#include "panel_versions.h"

enum { PIECE = LP_CELL_FLOATS }; // inputs of one piece: 64 x 64 float32 weights are half of the first-level cache

/// A bfloat16 is the upper half of the float32.
LP_INLINE void widen_bfloat16(const uint16_t *from, size_t count, float *to) {
    for (size_t i = 0; i < count; i += LP_VECTOR) {
        *(lp_words *)(to + i) = __builtin_convertvector(*(const lp_halves *)(from + i), lp_words) << 16;
    }
}

/// As in widen.c: exponent and fraction to their places, then the product by 2^112 corrects the bias.
LP_INLINE void widen_float16(const uint16_t *from, size_t count, float *to) {
    for (size_t i = 0; i < count; i += LP_VECTOR) {
        union {
            lp_words words;
            lp_floats floats;
        } half, number;
        half.words = __builtin_convertvector(*(const lp_halves *)(from + i), lp_words);
        number.words = (half.words & 0x7fffu) << 13;
        number.floats *= 0x1p112f;
        lp_words special = (lp_words)((half.words & 0x7c00u) == 0x7c00u) & 0x7f800000u; // infinity and NaN
        *(lp_words *)(to + i) = number.words | special | (half.words & 0x8000u) << 16;
    }
}

/// What the first piece is added to, for every row.
static const float zeros[LP_PANEL];

/// Some rows of one piece, all columns, added to y or its beginning; `far` is some of the next piece, and `far_step`
/// the bytes between two fetches of it.
LP_INLINE void multiply_rows(
    const size_t rows, const size_t vectors, const float *x, const float *piece, size_t count, int begins, float *y,
    const char *far, size_t far_step
) {
    const float *from = begins ? zeros : y;
    size_t from_stride = begins ? 0 : LP_PANEL;
    for (size_t column = 0; column < LP_PANEL; column += vectors * LP_VECTOR) {
        lp_fetch fetch = {{(const char *)(x + rows * LP_CELL_FLOATS), (const char *)y}, far, far_step};
        lp_multiply_block_fetching(
            x, LP_CELL_FLOATS, piece + column, LP_PANEL, count, rows, vectors, from + column, from_stride, y + column,
            LP_PANEL, vectors == 4 ? &fetch : NULL
        );
    }
}

/// All rows times one piece of the panel; behind it, at `next`, is the next one.
LP_INLINE void multiply_piece(
    const size_t vectors, const lp_panel_work *work, const float *x, const float *piece, size_t first, size_t count,
    const char *next, size_t step
) {
    size_t pieces_left = (work->weights->inputs - first - 1) / PIECE;
    int begins = first == 0;
    float *y = work->tile;
    size_t left = work->rows;
    for (; left >= LP_BLOCK_ROWS; left -= LP_BLOCK_ROWS) {
        lp_fetch_target(work, work->rows - left, LP_BLOCK_ROWS, pieces_left);
        multiply_rows(LP_BLOCK_ROWS, vectors, x, piece, count, begins, y, next, step);
        x += LP_BLOCK_ROWS * LP_CELL_FLOATS;
        y += LP_BLOCK_ROWS * LP_PANEL;
        next += count / (LP_TURN / 2) * step;
    }
    if (left == 5) multiply_rows(5, vectors, x, piece, count, begins, y, next, step);
    if (left == 4) multiply_rows(4, vectors, x, piece, count, begins, y, next, step);
    if (left == 3) multiply_rows(3, vectors, x, piece, count, begins, y, next, step);
    if (left == 2) multiply_rows(2, vectors, x, piece, count, begins, y, next, step);
    if (left == 1) multiply_rows(1, vectors, x, piece, count, begins, y, next, step);
}

LP_INLINE void multiply(const size_t vectors, const lp_panel_work *work) {
    const lp_weights *weights = work->weights;
    size_t inputs = weights->inputs;
    size_t input_bytes = lp_panel_bytes(weights->format, 1);
    const char *panel = (const char *)weights->panels + work->panel * input_bytes * inputs;
    const float *cells = (const float *)work->x->cells + work->first_row * LP_CELL_FLOATS;
    size_t steps = (work->rows + LP_BLOCK_ROWS - 1) / LP_BLOCK_ROWS * (PIECE / (LP_TURN / 2));

    for (size_t first = 0; first < inputs; first += PIECE) {
        size_t count = inputs - first < PIECE ? inputs - first : PIECE;
        const char *stored = panel + first * input_bytes;
        const float *piece = work->scratch;
        if (weights->format == LP_FORMAT_FLOAT32) {
            piece = (const float *)stored;
        } else if (weights->format == LP_FORMAT_BFLOAT16) {
            widen_bfloat16((const uint16_t *)stored, count * LP_PANEL, work->scratch);
        } else {
            widen_float16((const uint16_t *)stored, count * LP_PANEL, work->scratch);
        }
        const float *x = cells + first * work->x->capacity;
        const char *next = stored + count * input_bytes;
        multiply_piece(vectors, work, x, piece, first, count, next, (PIECE * input_bytes + steps - 1) / steps);
    }
}

static void multiply_plain(const lp_panel_work *work) { multiply(1, work); }

#if defined(__x86_64__)
LP_TARGET_AVX2 static void multiply_avx2(const lp_panel_work *work) { multiply(1, work); }

LP_TARGET_AVX512 static void multiply_avx512(const lp_panel_work *work) { multiply(4, work); }
#endif

void lp_panel_float(lp_isa isa, const lp_panel_work *work) {
#if defined(__x86_64__)
    if (isa == LP_AVX512 || isa == LP_AVX512_VNNI) {
        multiply_avx512(work);
        return;
    }
    if (isa == LP_AVX2) {
        multiply_avx2(work);
        return;
    }
#endif
    (void)isa;
    multiply_plain(work);
}
