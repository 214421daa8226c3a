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

void lp_rope_stretch(float *frequency, size_t count, float factor) {
    for (size_t j = 0; j < count; j++) frequency[j] /= factor;
}

void lp_rope_stretch_llama3(
    float *frequency, size_t count, double factor, double low, double high, double positions
) {
    // Every step in float32 and in this order, as PyTorch takes them: number / tensor is reciprocal(tensor) * number.
    float longest = (float)(positions / low);
    float shortest = (float)(positions / high);
    for (size_t j = 0; j < count; j++) {
        float kept = frequency[j];
        float wavelength = (1.0f / kept) * (float)(2 * M_PI);
        if (wavelength > longest) {
            frequency[j] = kept / (float)factor;
        } else if (!(wavelength < shortest)) {
            float smooth = ((1.0f / wavelength) * (float)positions - (float)low) / (float)(high - low);
            frequency[j] = (1.0f - smooth) * kept / (float)factor + smooth * kept;
        }
    }
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
