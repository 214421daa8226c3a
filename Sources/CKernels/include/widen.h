// Stored weights to float32, exactly.
#pragma once

#include <stddef.h>

#include "status.h"

/// How weights lie in memory; each of the three widens to float32 without loss.
typedef enum lp_dtype {
    LP_FLOAT32 = 0,
    LP_FLOAT16 = 1,
    LP_BFLOAT16 = 2,
} lp_dtype;

/// Bytes of one element, 0 for an unknown type.
size_t lp_dtype_size(lp_dtype dtype);

/// to[i] = from[i]. NaN stays NaN, infinity stays infinity, subnormal numbers keep their value.
lp_status lp_widen(
    const void *from, // [count] stored as dtype, aligned to its size
    lp_dtype dtype,
    size_t count,
    float *to // [count]
);
