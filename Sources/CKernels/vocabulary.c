// Sums tiles of logits into masses, and masses into log-probabilities.
#include "vocabulary.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "exponential.h"
#include "gate.h"
#include "vectors.h"

enum { COLUMNS = 64, VECTORS = COLUMNS / LP_VECTOR, PAIR = LP_BUNDLE / VECTORS };
_Static_assert(PAIR == 2, "a pair is written out as two rows");

void lp_mass_clear(lp_mass *masses, size_t rows) {
    for (size_t row = 0; row < rows; row++) {
        memset(&masses[row], 0, sizeof *masses);
        masses[row].peak = -FLT_MAX;
    }
}

/// The largest of a row lane by lane; a NaN may be passed over, since the sums will have it.
LP_INLINE void largest_lanes(const float *row, lp_floats *most) {
    *most = *(const lp_floats *)row;
    for (size_t v = 1; v < VECTORS; v++) {
        lp_floats next = *(const lp_floats *)(row + v * LP_VECTOR);
        *most = *most > next ? *most : next;
    }
}

LP_INLINE float largest(const lp_floats *most) {
    float lanes[LP_VECTOR];
    *(lp_floats *)lanes = *most;
    for (size_t width = LP_VECTOR / 2; width > 0; width /= 2) {
        for (size_t lane = 0; lane < width; lane++) {
            lanes[lane] = lanes[lane] > lanes[lane + width] ? lanes[lane] : lanes[lane + width];
        }
    }
    return lanes[0];
}

/// Measures the sums from a higher peak: with d = peak - new, e^d of the sum, and e^d (weighted + d sum).
LP_INLINE void lift(lp_mass *mass, float peak) {
    float d = mass->peak - peak;
    float factor = lp_exp(d);
    lp_floats *sum = (lp_floats *)mass->sum;
    lp_floats *weighted = (lp_floats *)mass->weighted;
    *weighted = __builtin_elementwise_fma((lp_floats)(d), *sum, *weighted) * factor;
    *sum *= factor;
    mass->peak = peak;
}

/// A bundle of whole rows.
LP_INLINE void add_rows(const float *tile, lp_mass *masses[PAIR]) {
    lp_floats shifted[LP_BUNDLE];
    lp_floats powers[LP_BUNDLE];
    for (size_t r = 0; r < PAIR; r++) {
        lp_floats most;
        largest_lanes(tile + r * COLUMNS, &most);
        // A new peak is rare after the first tiles, and one comparison of all lanes cheaper than a maximum across them.
        if (__builtin_reduce_or(most > masses[r]->peak)) lift(masses[r], largest(&most));
        for (size_t v = 0; v < VECTORS; v++) {
            shifted[r * VECTORS + v] = *(const lp_floats *)(tile + r * COLUMNS + v * LP_VECTOR) - masses[r]->peak;
        }
    }
    lp_exp_bundle(shifted, powers);
    for (size_t r = 0; r < PAIR; r++) {
        lp_floats sum = *(const lp_floats *)masses[r]->sum;
        lp_floats weighted = *(const lp_floats *)masses[r]->weighted;
        for (size_t v = r * VECTORS; v < (r + 1) * VECTORS; v++) {
            sum += powers[v];
            weighted = __builtin_elementwise_fma(shifted[v], powers[v], weighted);
        }
        *(lp_floats *)masses[r]->sum = sum;
        *(lp_floats *)masses[r]->weighted = weighted;
    }
}

LP_INLINE void add(
    float *tile, size_t rows, size_t columns, size_t first_word, const int32_t *targets, lp_mass *masses, float *chosen
) {
    for (size_t row = 0; row < rows; row++) {
        float *logits = tile + row * COLUMNS;
        size_t place = (size_t)targets[row] - first_word;
        if (place < columns) chosen[row] = logits[place];
        // What no word stands for: nothing, next to any logit.
        for (size_t c = columns; c < COLUMNS; c++) logits[c] = -FLT_MAX;
    }
    size_t row = 0;
    for (; row + PAIR <= rows; row += PAIR) {
        lp_mass *pair[PAIR] = {&masses[row], &masses[row + 1]};
        add_rows(tile + row * COLUMNS, pair);
    }
    if (row == rows) return;
    // The last row beside a copy of itself, whose sums nobody asks for.
    float twice[PAIR * COLUMNS];
    for (size_t r = 0; r < PAIR; r++) memcpy(twice + r * COLUMNS, tile + row * COLUMNS, COLUMNS * sizeof *twice);
    lp_mass spare = masses[row];
    lp_mass *pair[PAIR] = {&masses[row], &spare};
    add_rows(twice, pair);
}

#if defined(__x86_64__)
LP_TARGET_AVX2 static void add_avx2(
    float *tile, size_t rows, size_t columns, size_t first_word, const int32_t *targets, lp_mass *masses, float *chosen
) {
    add(tile, rows, columns, first_word, targets, masses, chosen);
}

LP_TARGET_AVX512 static void add_avx512(
    float *tile, size_t rows, size_t columns, size_t first_word, const int32_t *targets, lp_mass *masses, float *chosen
) {
    add(tile, rows, columns, first_word, targets, masses, chosen);
}
#endif

void lp_mass_add(
    lp_isa isa, float *tile, size_t rows, size_t columns, size_t first_word, const int32_t *targets, lp_mass *masses,
    float *chosen
) {
#if defined(__x86_64__)
    if (isa == LP_AVX512 || isa == LP_AVX512_VNNI) {
        add_avx512(tile, rows, columns, first_word, targets, masses, chosen);
        return;
    }
    if (isa == LP_AVX2) {
        add_avx2(tile, rows, columns, first_word, targets, masses, chosen);
        return;
    }
#endif
    (void)isa;
    add(tile, rows, columns, first_word, targets, masses, chosen);
}

void lp_mass_join(const lp_mass *masses, size_t stride, size_t parts, float chosen, float out[2]) {
    float peak = -FLT_MAX;
    for (size_t part = 0; part < parts; part++) {
        float other = masses[part * stride].peak;
        peak = other > peak ? other : peak;
    }
    double sum = 0;
    double weighted = 0;
    for (size_t part = 0; part < parts; part++) {
        const lp_mass *mass = &masses[part * stride];
        double part_sum = 0;
        double part_weighted = 0;
        for (size_t lane = 0; lane < LP_VECTOR; lane++) {
            part_sum += (double)mass->sum[lane];
            part_weighted += (double)mass->weighted[lane];
        }
        double d = (double)mass->peak - (double)peak;
        double factor = exp(d);
        sum += factor * part_sum;
        weighted += factor * (part_weighted + d * part_sum);
    }
    double log_sum = log(sum);
    double entropy = log_sum - weighted / sum;
    // A logit of minus infinity, which no finite weights give, shows in the entropy alone.
    out[0] = isnan(entropy) ? NAN : (float)((double)chosen - (double)peak - log_sum);
    out[1] = (float)entropy;
}
