// Gates rows, and goes back through the gate.
#include "gated.h"

#include "cpu.h"
#include "exponential.h"

#define INLINE static inline __attribute__((always_inline))

INLINE void forward(const float *restrict gate_up, size_t rows, size_t width, float *restrict out) {
    for (size_t row = 0; row < rows; row++) {
        const float *gate = gate_up + row * 2 * width;
        const float *up = gate + width;
        float *to = out + row * width;
        for (size_t i = 0; i < width; i++) to[i] = gate[i] / (1.0f + lp_exp(-gate[i])) * up[i];
    }
}

INLINE void backward(float *restrict gate_up, const float *restrict dout, size_t rows, size_t width) {
    for (size_t row = 0; row < rows; row++) {
        float *restrict gate = gate_up + row * 2 * width;
        float *restrict up = gate + width;
        const float *restrict d = dout + row * width;
        for (size_t i = 0; i < width; i++) {
            float sigmoid = 1.0f / (1.0f + lp_exp(-gate[i]));
            float slope = sigmoid * (1.0f + gate[i] * (1.0f - sigmoid));
            float dup = d[i] * gate[i] * sigmoid;
            gate[i] = d[i] * up[i] * slope;
            up[i] = dup;
        }
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void forward_avx2(
    const float *gate_up, size_t rows, size_t width, float *out
) {
    forward(gate_up, rows, width, out);
}

__attribute__((target("avx2,fma"))) static void backward_avx2(
    float *gate_up, const float *dout, size_t rows, size_t width
) {
    backward(gate_up, dout, rows, width);
}
#else
#define forward_avx2 forward
#define backward_avx2 backward
#endif

void lp_gated_forward(const float *gate_up, size_t rows, size_t width, float *out) {
    if (lp_has_avx2()) {
        forward_avx2(gate_up, rows, width, out);
    } else {
        forward(gate_up, rows, width, out);
    }
}

void lp_gated_backward(float *gate_up, const float *dout, size_t rows, size_t width) {
    if (lp_has_avx2()) {
        backward_avx2(gate_up, dout, rows, width);
    } else {
        backward(gate_up, dout, rows, width);
    }
}
