// Scores the next token, row by row.
#include "cross_entropy.h"

#include <math.h>

#include "cpu.h"
#include "exponential.h"
#include "lanes.h"

/// One row; returns -log softmax(logits)[target].
static inline __attribute__((always_inline)) float row_loss(float *logits, size_t target, size_t count, float scale) {
    float largest = logits[0];
    for (size_t i = 1; i < count; i++) largest = logits[i] > largest ? logits[i] : largest;
    float chosen = logits[target] - largest;
    float lanes[LP_LANES] = {0};
    size_t i = 0;
    for (; i + LP_LANES <= count; i += LP_LANES) {
        for (size_t lane = 0; lane < LP_LANES; lane++) {
            logits[i + lane] = lp_exp(logits[i + lane] - largest);
            lanes[lane] += logits[i + lane];
        }
    }
    for (; i < count; i++) {
        logits[i] = lp_exp(logits[i] - largest);
        lanes[0] += logits[i];
    }
    float sum = lp_sum_of_lanes(lanes);
    float factor = scale / sum;
    for (size_t k = 0; k < count; k++) logits[k] *= factor;
    logits[target] -= scale;
    return logf(sum) - chosen;
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static float row_loss_avx2(
    float *logits, size_t target, size_t count, float scale
) {
    return row_loss(logits, target, count, scale);
}
#else
#define row_loss_avx2 row_loss
#endif

lp_status lp_cross_entropy(
    float *logits, const int32_t *targets, size_t rows, size_t vocabulary, float scale, double *loss
) {
    if (vocabulary == 0) return LP_BAD_SHAPE;
    int fast = lp_has_avx2();
    for (size_t row = 0; row < rows; row++) {
        if (targets[row] < 0 || (size_t)targets[row] >= vocabulary) return LP_BAD_INDEX;
        float *from = logits + row * vocabulary;
        size_t target = (size_t)targets[row];
        *loss += fast ? row_loss_avx2(from, target, vocabulary, scale) : row_loss(from, target, vocabulary, scale);
    }
    return LP_OK;
}
