// Widens float16 and bfloat16 by their bits.
#include "widen.h"

#include <stdint.h>
#include <string.h>

size_t lp_dtype_size(lp_dtype dtype) {
    if (dtype == LP_FLOAT32) return 4;
    if (dtype == LP_FLOAT16 || dtype == LP_BFLOAT16) return 2;
    return 0;
}

static inline float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/// A bfloat16 is the upper half of the float32.
static void widen_bfloat16(const uint16_t *from, size_t count, float *to) {
    for (size_t i = 0; i < count; i++) to[i] = float_of_bits((uint32_t)from[i] << 16);
}

/// Exponent and fraction move to their float32 places; the product by 2^112 then corrects the bias and makes
/// subnormals normal. No branch, so that the loop vectorises on a machine without F16C.
static void widen_float16(const uint16_t *from, size_t count, float *to) {
    const float rebias = 0x1p112f;
    for (size_t i = 0; i < count; i++) {
        uint32_t half = from[i];
        uint32_t magnitude = bits_of_float(float_of_bits((half & 0x7fffu) << 13) * rebias);
        uint32_t special = (half & 0x7c00u) == 0x7c00u ? 0x7f800000u : 0u; // infinity and NaN
        to[i] = float_of_bits(magnitude | special | (half & 0x8000u) << 16);
    }
}

lp_status lp_widen(const void *from, lp_dtype dtype, size_t count, float *to) {
    if (dtype == LP_FLOAT32) {
        memcpy(to, from, count * sizeof *to);
    } else if (dtype == LP_BFLOAT16) {
        widen_bfloat16(from, count, to);
    } else if (dtype == LP_FLOAT16) {
        widen_float16(from, count, to);
    } else {
        return LP_BAD_DTYPE;
    }
    return LP_OK;
}
