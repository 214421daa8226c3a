// Quantises one group of numbers, activations or weights alike.
#pragma once

#include <string.h>

#include "vectors.h"

enum { LP_GROUP_VECTORS = 256 / LP_VECTOR };

/// to[i] = 128 + q[i] and from[i] ~ q[i] * scale, q in -127..127; gives the scale. What is not finite or tiny: cells.h.
///
/// The largest magnitude is found among the bits without their signs: there an infinity is above every number, and a
/// NaN above an infinity. Adding 1.5 * 2^23 + 128 rounds to an integer, half to even, that then stands in the low bits.
LP_INLINE float lp_quantize_group(const float from[256], uint8_t to[256]) {
    const int32_t infinity = 0x7f800000;
    const int32_t least = (127 - 119) << 23; // 2^-119
    lp_ints largest = (lp_ints)(0);
    for (size_t v = 0; v < LP_GROUP_VECTORS; v++) {
        lp_ints bits = *(const lp_ints *)(from + v * LP_VECTOR) & 0x7fffffff;
        largest = __builtin_elementwise_max(largest, bits);
    }
    int32_t bits = __builtin_reduce_max(largest);
    float peak;
    memcpy(&peak, &bits, sizeof peak);
    if (bits < least || bits >= infinity) {
        memset(to, 128, 256);
        return bits < least ? 0.0f : __builtin_nanf("");
    }
    float inverse = 127.0f / peak;
    for (size_t v = 0; v < LP_GROUP_VECTORS; v++) {
        lp_floats scaled = *(const lp_floats *)(from + v * LP_VECTOR) * inverse;
        union {
            lp_floats floats;
            lp_words words;
        } shifted = {.floats = scaled + (12582912.0f + 128.0f)};
        *(lp_bytes *)(to + v * LP_VECTOR) = __builtin_convertvector(shifted.words & 255u, lp_bytes);
    }
    return peak / 127.0f;
}
