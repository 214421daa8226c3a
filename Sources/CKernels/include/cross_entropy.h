// Next-token cross-entropy and its gradient.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/// logits become d loss / d logits = scale (softmax(logits) - onehot(target)); *loss += the sum over rows of
/// -log softmax(logits)[target], not scaled. LP_BAD_INDEX at the first target outside the vocabulary.
lp_status lp_cross_entropy(
    float *logits,          // [rows, vocabulary]
    const int32_t *targets, // [rows]
    size_t rows,
    size_t vocabulary, // > 0
    float scale,
    double *loss
);
