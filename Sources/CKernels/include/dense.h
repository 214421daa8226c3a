// Linear layers of training: y = x W^T + b and its gradients.
//
// Whole matrices by the BLAS on the calling thread: while a model learns, nobody asks what a row's bits would be in
// other company, so panel.h, which knows, is not needed. Equal calls give equal bits.
#pragma once

#include <stddef.h>

/// Makes the BLAS compute every call on the calling thread, for the whole process; call it before the first product.
void lp_blas_use_one_thread(void);

/// y = x W^T + b, or y += x W^T + b where `accumulate` is not 0.
void lp_dense_forward(
    const float *x,      // [rows, inputs]
    const float *weight, // [outputs, inputs]
    const float *bias,   // [outputs], or NULL
    size_t rows,         // like all sizes here, <= INT32_MAX
    size_t inputs,
    size_t outputs,
    int accumulate,
    float *y // [rows, outputs]
);

/// dx = dy W: what the rows were worth.
void lp_dense_input_gradient(
    const float *dy,     // [rows, outputs]
    const float *weight, // [outputs, inputs]
    size_t rows,
    size_t inputs,
    size_t outputs,
    int accumulate,
    float *dx // [rows, inputs]
);

/// dW += dy^T x and db += the sum of dy's rows: what the weights were worth.
void lp_dense_weight_gradient(
    const float *dy, // [rows, outputs]
    const float *x,  // [rows, inputs]
    size_t rows,
    size_t inputs,
    size_t outputs,
    float *dweight, // [outputs, inputs]
    float *dbias    // [outputs], or NULL
);
