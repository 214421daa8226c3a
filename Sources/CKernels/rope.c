// Turns queries and keys by their positions.
#include "rope.h"

#include <math.h>

lp_status lp_rope_frequencies(double theta, size_t dimension, float *frequency) {
    if (dimension == 0 || dimension % 2 != 0 || !(theta > 0)) return LP_BAD_SHAPE;
    for (size_t j = 0; j < dimension / 2; j++) {
        float exponent = (float)(2 * j) / (float)dimension;
        // In double and rounded once: the float32 power that transformers takes is right to the last bit but for rare
        // ties.
        float power = (float)pow((double)(float)theta, (double)exponent);
        frequency[j] = 1.0f / power;
    }
    return LP_OK;
}

void lp_rope_angles(
    const int32_t *positions, size_t rows, const float *frequency, size_t dimension, float *cosine, float *sine
) {
    size_t half = dimension / 2;
    for (size_t row = 0; row < rows; row++) {
        for (size_t j = 0; j < half; j++) {
            float angle = (float)positions[row] * frequency[j];
            cosine[row * half + j] = cosf(angle);
            sine[row * half + j] = sinf(angle);
        }
    }
}

void lp_rope_rotate(float *x, const float *cosine, const float *sine, size_t rows, size_t heads, size_t dimension) {
    lp_rope_turn(x, heads * dimension, cosine, sine, 1.0f, rows, heads, dimension);
}

void lp_rope_turn(
    float *x, size_t stride, const float *cosine, const float *sine, float direction, size_t rows, size_t heads,
    size_t dimension
) {
    size_t half = dimension / 2;
    for (size_t row = 0; row < rows; row++) {
        const float *restrict c = cosine + row * half;
        const float *restrict s = sine + row * half;
        for (size_t head = 0; head < heads; head++) {
            float *restrict a = x + row * stride + head * dimension;
            float *restrict b = a + half;
            for (size_t j = 0; j < half; j++) {
                float first = a[j];
                float second = b[j];
                float turned = direction * s[j];
                a[j] = first * c[j] - second * turned;
                b[j] = second * c[j] + first * turned;
            }
        }
    }
}
