// Normalises rows by their root mean square.
#include "rmsnorm.h"

#include <math.h>

#include "lanes.h"

void lp_rmsnorm(const float *x, const float *weight, float epsilon, size_t rows, size_t width, float *out) {
    for (size_t row = 0; row < rows; row++) {
        const float *from = x + row * width;
        float *to = out + row * width;
        float scale = 1.0f / sqrtf(lp_dot(from, from, width) / (float)width + epsilon);
        for (size_t i = 0; i < width; i++) to[i] = weight[i] * (from[i] * scale);
    }
}
