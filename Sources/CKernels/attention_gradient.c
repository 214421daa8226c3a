// Attends a rollout, and goes back through it.
#include "attention_gradient.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "cpu.h"
#include "exponential.h"
#include "lanes.h"

enum { QUERIES = 64 }; // of one product: keys after its last query are never computed

#define INLINE static inline __attribute__((always_inline))

size_t lp_trained_attention_scratch(size_t length) { return 2 * QUERIES * length; }

/// Some queries of one head and the keys that any of them sees, as pointers to their first numbers.
typedef struct block {
    const float *query;
    const float *key;
    const float *value;
    size_t stride;  // floats from one row's queries, keys or values to the next row's
    size_t begin;   // the first query, counted in the rollout
    size_t queries; // <= QUERIES
    size_t low;     // the first key
    size_t keys;
    float scale;
} block;

static size_t row_width(const lp_trained_attention *a) { return (a->heads + 2 * a->key_value_heads) * a->dimension; }

static block cut(const lp_trained_attention *a, size_t first, size_t length, size_t head, size_t begin) {
    size_t stride = row_width(a);
    size_t shared = head / (a->heads / a->key_value_heads);
    size_t queries = length - begin < QUERIES ? length - begin : QUERIES;
    size_t low = a->window > 0 && begin + 1 > a->window ? begin + 1 - a->window : 0;
    const float *keys = a->projected + (first + low) * stride + a->heads * a->dimension + shared * a->dimension;
    return (block){
        .query = a->projected + (first + begin) * stride + head * a->dimension,
        .key = keys,
        .value = keys + a->key_value_heads * a->dimension,
        .stride = stride,
        .begin = begin,
        .queries = queries,
        .low = low,
        .keys = begin + queries - low,
        .scale = 1.0f / sqrtf((float)a->dimension),
    };
}

/// The keys of the block that its query `q` sees: [*from, *to).
INLINE void visible(const block *b, size_t q, size_t window, size_t *from, size_t *to) {
    size_t end = b->begin + q + 1;
    size_t begin = window > 0 && end > window ? end - window : 0;
    *from = begin > b->low ? begin - b->low : 0;
    *to = end - b->low;
}

/// scores = q k^T / sqrt(d), keys that a query does not see included.
static void score(const block *b, size_t dimension, float *scores) {
    cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, (int)b->queries, (int)b->keys, (int)dimension, b->scale, b->query,
        (int)b->stride, b->key, (int)b->stride, 0.0f, scores, (int)b->keys
    );
}

/// One query's scores become weights that add up to 1; returns the logarithm of the sum of e^score.
INLINE float softmax(float *scores, size_t from, size_t to, size_t keys) {
    float largest = scores[from];
    for (size_t k = from; k < to; k++) largest = scores[k] > largest ? scores[k] : largest;
    float lanes[LP_LANES] = {0};
    size_t k = from;
    for (; k + LP_LANES <= to; k += LP_LANES) {
        for (size_t lane = 0; lane < LP_LANES; lane++) {
            float weight = lp_exp(scores[k + lane] - largest);
            scores[k + lane] = weight;
            lanes[lane] += weight;
        }
    }
    for (; k < to; k++) {
        scores[k] = lp_exp(scores[k] - largest);
        lanes[0] += scores[k];
    }
    float sum = lp_sum_of_lanes(lanes);
    float inverse = 1.0f / sum;
    for (size_t i = from; i < to; i++) scores[i] *= inverse;
    memset(scores, 0, from * sizeof *scores);
    memset(scores + to, 0, (keys - to) * sizeof *scores);
    return largest + logf(sum);
}

INLINE void weigh(const block *b, const lp_trained_attention *a, float *log_sum, float *scores) {
    for (size_t q = 0; q < b->queries; q++) {
        size_t from, to;
        visible(b, q, a->window, &from, &to);
        log_sum[q * a->heads] = softmax(scores + q * b->keys, from, to, b->keys);
    }
}

/// Scores become the weights that the forward pass had, and dP becomes dS = P * (dP - D) * scale.
INLINE void weigh_again(
    const block *b, const lp_trained_attention *a, const float *log_sum, const float *out, const float *out_gradient,
    float *scores, float *score_gradient
) {
    size_t width = a->heads * a->dimension;
    for (size_t q = 0; q < b->queries; q++) {
        size_t from, to;
        visible(b, q, a->window, &from, &to);
        float shared = lp_dot(out + q * width, out_gradient + q * width, a->dimension);
        float log = log_sum[q * a->heads];
        float *restrict p = scores + q * b->keys;
        float *restrict d = score_gradient + q * b->keys;
        for (size_t k = from; k < to; k++) {
            p[k] = lp_exp(p[k] - log);
            d[k] = p[k] * (d[k] - shared) * b->scale;
        }
        memset(p, 0, from * sizeof *p);
        memset(d, 0, from * sizeof *d);
        memset(p + to, 0, (b->keys - to) * sizeof *p);
        memset(d + to, 0, (b->keys - to) * sizeof *d);
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void weigh_avx2(
    const block *b, const lp_trained_attention *a, float *log_sum, float *scores
) {
    weigh(b, a, log_sum, scores);
}

__attribute__((target("avx2,fma"))) static void weigh_again_avx2(
    const block *b, const lp_trained_attention *a, const float *log_sum, const float *out, const float *out_gradient,
    float *scores, float *score_gradient
) {
    weigh_again(b, a, log_sum, out, out_gradient, scores, score_gradient);
}
#else
#define weigh_avx2 weigh
#define weigh_again_avx2 weigh_again
#endif

static lp_status check(const lp_trained_attention *a, size_t length) {
    if (a->dimension == 0 || a->key_value_heads == 0 || a->heads % a->key_value_heads != 0) return LP_BAD_SHAPE;
    return length > 0 ? LP_OK : LP_BAD_SHAPE;
}

lp_status lp_trained_attention_forward(
    const lp_trained_attention *a, size_t first, size_t length, float *scratch
) {
    if (check(a, length) != LP_OK) return LP_BAD_SHAPE;
    size_t width = a->heads * a->dimension;
    for (size_t head = 0; head < a->heads; head++) {
        for (size_t begin = 0; begin < length; begin += QUERIES) {
            block b = cut(a, first, length, head, begin);
            float *log_sum = a->log_sum + (first + begin) * a->heads + head;
            score(&b, a->dimension, scratch);
            if (lp_has_avx2()) {
                weigh_avx2(&b, a, log_sum, scratch);
            } else {
                weigh(&b, a, log_sum, scratch);
            }
            float *out = a->out + (first + begin) * width + head * a->dimension;
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)b.queries, (int)a->dimension, (int)b.keys, 1.0f,
                scratch, (int)b.keys, b.value, (int)b.stride, 0.0f, out, (int)width
            );
        }
    }
    return LP_OK;
}

/// left^T right of a block, added to some columns of the gradient's rows.
static void add_product(
    const float *left, const float *right, size_t queries, size_t keys, size_t dimension, size_t right_stride, float *to,
    size_t stride
) {
    cblas_sgemm(
        CblasRowMajor, CblasTrans, CblasNoTrans, (int)keys, (int)dimension, (int)queries, 1.0f, left, (int)keys, right,
        (int)right_stride, 1.0f, to, (int)stride
    );
}

lp_status lp_trained_attention_backward(
    const lp_trained_attention *a, size_t first, size_t length, const float *out_gradient, float *gradient,
    float *scratch
) {
    if (check(a, length) != LP_OK) return LP_BAD_SHAPE;
    size_t width = a->heads * a->dimension;
    size_t stride = row_width(a);
    float *score_gradient = scratch + QUERIES * length;
    memset(gradient + first * stride, 0, length * stride * sizeof *gradient);
    for (size_t head = 0; head < a->heads; head++) {
        for (size_t begin = 0; begin < length; begin += QUERIES) {
            block b = cut(a, first, length, head, begin);
            size_t place = (first + begin) * width + head * a->dimension;
            const float *dout = out_gradient + place;
            const float *log_sum = a->log_sum + (first + begin) * a->heads + head;
            score(&b, a->dimension, scratch);
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, (int)b.queries, (int)b.keys, (int)a->dimension, 1.0f, dout,
                (int)width, b.value, (int)stride, 0.0f, score_gradient, (int)b.keys
            );
            if (lp_has_avx2()) {
                weigh_again_avx2(&b, a, log_sum, a->out + place, dout, scratch, score_gradient);
            } else {
                weigh_again(&b, a, log_sum, a->out + place, dout, scratch, score_gradient);
            }
            float *dquery = gradient + (b.query - a->projected);
            float *dkey = gradient + (b.key - a->projected);
            float *dvalue = gradient + (b.value - a->projected);
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)b.queries, (int)a->dimension, (int)b.keys, 1.0f,
                score_gradient, (int)b.keys, b.key, (int)stride, 0.0f, dquery, (int)stride
            );
            add_product(score_gradient, b.query, b.queries, b.keys, a->dimension, stride, dkey, stride);
            add_product(scratch, dout, b.queries, b.keys, a->dimension, width, dvalue, stride);
        }
    }
    return LP_OK;
}
