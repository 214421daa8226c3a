// e^x that a compiler can vectorise; libm's cannot be.
//
// The order of operations is fixed and nothing is contracted but what is written as fused: the same bits in every
// version of a kernel and in every lane of a vector.
#pragma once

#include <stdint.h>
#include <string.h>

/// e^x to about one unit in the last place; 0 below -87, e^88 above 88, NaN for NaN.
///
/// e^x = 2^n e^r with n = round(x / ln 2), so |r| <= ln(2) / 2, where the polynomial of Cephes `expf` holds. No
/// branch.
static inline __attribute__((always_inline)) float lp_exp(float x) {
#pragma STDC FP_CONTRACT OFF
    const float to_integer = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer that then stands in the low bits
    float clamped = x > 88.0f ? 88.0f : x;
    clamped = clamped < -87.0f ? -87.0f : clamped;

    float shifted = __builtin_fmaf(clamped, 1.44269504088896341f, to_integer);
    float n = shifted - to_integer;
    float r = __builtin_fmaf(n, -0.693359375f, clamped); // ln 2 in two parts: n times the first is exact
    r = __builtin_fmaf(n, 2.12194440e-4f, r);

    float p = 1.9875691500e-4f;
    p = __builtin_fmaf(p, r, 1.3981999507e-3f);
    p = __builtin_fmaf(p, r, 8.3334519073e-3f);
    p = __builtin_fmaf(p, r, 4.1665795894e-2f);
    p = __builtin_fmaf(p, r, 1.6666665459e-1f);
    p = __builtin_fmaf(p, r, 5.0000001201e-1f);
    p = __builtin_fmaf(p, r * r, r) + 1.0f;

    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3f800000u; // 2^n
    float power;
    memcpy(&power, &bits, sizeof power);
    return x < -87.0f ? 0.0f : p * power;
}

/// x / (1 + e^-x); NaN for NaN.
static inline __attribute__((always_inline)) float lp_silu(float x) {
#pragma STDC FP_CONTRACT OFF
    return x / (1.0f + lp_exp(-x));
}
