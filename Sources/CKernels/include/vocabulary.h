// What a row's softmax over the vocabulary comes to, without its logits.
//
// Tiles of the output layer's product pass by; of each row only its largest logit and two sums stay (online softmax,
// Milakov and Gimelshein 2018, arXiv:1805.02867), sixteen lanes of each. The vocabulary is cut into parts of
// LP_PART_PANELS panels whatever the batch and the threads are, and the parts are joined in their order: a row's bits
// depend on nothing but the row.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "isa.h"

enum { LP_PART_PANELS = 32 };

/// One row's sums over some words, with x its logits; whole cache lines where the array begins at one.
typedef struct lp_mass {
    float sum[16];      // of e^(x - peak), by lane
    float weighted[16]; // of (x - peak) e^(x - peak), by lane
    float peak;         // largest x
    float unused[15];
} lp_mass;

/// No words yet.
void lp_mass_clear(lp_mass *masses /* [rows] */, size_t rows);

/// Adds the words of one tile, whose columns from `columns` on are overwritten, and notes the targets' logits.
void lp_mass_add(
    lp_isa isa,
    float *tile,            // [rows, 64]
    size_t rows,
    size_t columns,         // 1 to 64
    size_t first_word,      // of column 0
    const int32_t *targets, // [rows]
    lp_mass *masses,        // [rows]
    float *chosen           // [rows], written where the target is among these words
);

/// out = log softmax(x)[target], and the entropy -sum p log p in nats; NaN where a logit is not finite.
///
/// By libm in double precision: from one libm to another the last bits may differ.
void lp_mass_join(
    const lp_mass *masses, // [parts], `stride` apart, in the order of the words
    size_t stride,
    size_t parts,
    float chosen, // the target's logit
    float out[2]
);
