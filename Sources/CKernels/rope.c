// Turns queries and keys by their positions.
#include "rope.h"

#include <math.h>

#include "rows.h"

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

LP_INLINE void turn(
    float *x, size_t stride, const float *cosine, const float *sine, float direction, size_t rows, size_t heads,
    size_t dimension
) {
    size_t half = dimension / 2;
    for (size_t row = 0; row < rows; row++) {
        for (size_t head = 0; head < heads; head++) {
            float *at = x + row * stride + head * dimension;
            lp_turn_head(at, cosine + row * half, sine + row * half, direction, half, at);
        }
    }
}

#if defined(__x86_64__)
LP_TARGET_AVX2 static void turn_avx2(
    float *x, size_t stride, const float *cosine, const float *sine, float direction, size_t rows, size_t heads,
    size_t dimension
) {
    turn(x, stride, cosine, sine, direction, rows, heads, dimension);
}

LP_TARGET_AVX512 static void turn_avx512(
    float *x, size_t stride, const float *cosine, const float *sine, float direction, size_t rows, size_t heads,
    size_t dimension
) {
    turn(x, stride, cosine, sine, direction, rows, heads, dimension);
}
#endif

void lp_rope_turn(
    lp_isa isa, float *x, size_t stride, const float *cosine, const float *sine, float direction, size_t rows,
    size_t heads, size_t dimension
) {
#if defined(__x86_64__)
    if (isa == LP_AVX512 || isa == LP_AVX512_VNNI) {
        turn_avx512(x, stride, cosine, sine, direction, rows, heads, dimension);
        return;
    }
    if (isa == LP_AVX2) {
        turn_avx2(x, stride, cosine, sine, direction, rows, heads, dimension);
        return;
    }
#endif
    (void)isa;
    turn(x, stride, cosine, sine, direction, rows, heads, dimension);
}

void lp_rope_rotate(
    lp_isa isa, float *x, const float *cosine, const float *sine, size_t rows, size_t heads, size_t dimension
) {
    lp_rope_turn(isa, x, heads * dimension, cosine, sine, 1.0f, rows, heads, dimension);
}
