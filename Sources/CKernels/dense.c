// Hands whole matrices to the BLAS.
#include "dense.h"

#include <cblas.h>
#include <string.h>

void lp_blas_use_one_thread(void) { openblas_set_num_threads(1); }

void lp_dense_forward(
    const float *x, const float *weight, const float *bias, size_t rows, size_t inputs, size_t outputs, int accumulate,
    float *y
) {
    if (bias) {
        for (size_t row = 0; row < rows; row++) {
            float *to = y + row * outputs;
            for (size_t i = 0; i < outputs; i++) to[i] = accumulate ? to[i] + bias[i] : bias[i];
        }
    }
    float beta = accumulate || bias ? 1.0f : 0.0f;
    cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)outputs, (int)inputs, 1.0f, x, (int)inputs, weight,
        (int)inputs, beta, y, (int)outputs
    );
}

void lp_dense_input_gradient(
    const float *dy, const float *weight, size_t rows, size_t inputs, size_t outputs, int accumulate, float *dx
) {
    cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)rows, (int)inputs, (int)outputs, 1.0f, dy, (int)outputs, weight,
        (int)inputs, accumulate ? 1.0f : 0.0f, dx, (int)inputs
    );
}

void lp_dense_weight_gradient(
    const float *dy, const float *x, size_t rows, size_t inputs, size_t outputs, float *dweight, float *dbias
) {
    cblas_sgemm(
        CblasRowMajor, CblasTrans, CblasNoTrans, (int)outputs, (int)inputs, (int)rows, 1.0f, dy, (int)outputs, x,
        (int)inputs, 1.0f, dweight, (int)inputs
    );
    if (!dbias) return;
    for (size_t row = 0; row < rows; row++) {
        const float *from = dy + row * outputs;
        for (size_t i = 0; i < outputs; i++) dbias[i] += from[i];
    }
}
