// The gate of many numbers at once, as vectors by hand.
//
// lp_silu (exponential.h) in a loop is a third slower: a silu is a chain of some thirty operations, and the compiler
// puts one vector's chain behind the other's, farther apart than a processor looks ahead. Here a bundle of vectors
// takes a part of the chain in turn. Lane by lane it is lp_silu, bit by bit, and a test holds the two together.
#pragma once

#include "vectors.h"

enum { LP_BUNDLE = 8 }; // vectors

/// y = e^x.
LP_INLINE void lp_exp_bundle(const lp_floats x[LP_BUNDLE], lp_floats y[LP_BUNDLE]) {
    const lp_floats to_integer = (lp_floats)(12582912.0f);
    lp_floats shifted[LP_BUNDLE];
    lp_floats r[LP_BUNDLE];
    for (size_t v = 0; v < LP_BUNDLE; v++) {
        r[v] = x[v] > 88.0f ? (lp_floats)(88.0f) : x[v];
        r[v] = r[v] < -87.0f ? (lp_floats)(-87.0f) : r[v];
        shifted[v] = __builtin_elementwise_fma(r[v], (lp_floats)(1.44269504088896341f), to_integer);
        lp_floats n = shifted[v] - to_integer;
        r[v] = __builtin_elementwise_fma(n, (lp_floats)(-0.693359375f), r[v]);
        r[v] = __builtin_elementwise_fma(n, (lp_floats)(2.12194440e-4f), r[v]);
    }
    for (size_t v = 0; v < LP_BUNDLE; v++) {
        lp_floats p = __builtin_elementwise_fma((lp_floats)(1.9875691500e-4f), r[v], (lp_floats)(1.3981999507e-3f));
        p = __builtin_elementwise_fma(p, r[v], (lp_floats)(8.3334519073e-3f));
        p = __builtin_elementwise_fma(p, r[v], (lp_floats)(4.1665795894e-2f));
        p = __builtin_elementwise_fma(p, r[v], (lp_floats)(1.6666665459e-1f));
        p = __builtin_elementwise_fma(p, r[v], (lp_floats)(5.0000001201e-1f));
        r[v] = __builtin_elementwise_fma(p, r[v] * r[v], r[v]) + 1.0f;
    }
    for (size_t v = 0; v < LP_BUNDLE; v++) {
        lp_words power = (*(const lp_words *)&shifted[v] << 23) + 0x3f800000u; // the bits of 2^n
        r[v] *= *(const lp_floats *)&power;
        y[v] = x[v] < -87.0f ? (lp_floats)(0.0f) : r[v];
    }
}

/// gate = silu(gate) * up, silu(g) = g / (1 + e^-g).
LP_INLINE void lp_gate_bundle(lp_floats gate[LP_BUNDLE], const lp_floats up[LP_BUNDLE]) {
    lp_floats negative[LP_BUNDLE];
    lp_floats power[LP_BUNDLE];
    for (size_t v = 0; v < LP_BUNDLE; v++) negative[v] = -gate[v];
    lp_exp_bundle(negative, power);
    for (size_t v = 0; v < LP_BUNDLE; v++) gate[v] = gate[v] / (1.0f + power[v]) * up[v];
}
