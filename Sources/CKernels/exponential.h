// e^x that a compiler can vectorise; libm's cannot be.
#pragma once

#include <stdint.h>
#include <string.h>

/// e^x to about one unit in the last place; 0 below -87, e^88 above 88, NaN for NaN.
///
/// e^x = 2^n e^r with n = round(x / ln 2), so |r| <= ln(2) / 2, where the polynomial of Cephes `expf` holds. No
/// branch.
static inline __attribute__((always_inline)) float lp_exp(float x) {
    const float to_integer = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer that then stands in the low bits
    float clamped = x > 88.0f ? 88.0f : x;
    clamped = clamped < -87.0f ? -87.0f : clamped;

    float shifted = clamped * 1.44269504088896341f + to_integer;
    float n = shifted - to_integer;
    float r = clamped - n * 0.693359375f; // ln 2 in two parts: n times the first is exact
    r = r + n * 2.12194440e-4f;

    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;

    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3f800000u; // 2^n
    float power;
    memcpy(&power, &bits, sizeof power);
    return x < -87.0f ? 0.0f : p * power;
}
