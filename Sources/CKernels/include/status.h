// What a kernel answers.
#pragma once

typedef enum lp_status {
    LP_OK = 0,
    LP_BAD_SHAPE = 1, // a size is zero, odd where it must be even, or does not divide another
    LP_BAD_INDEX = 2, // a token id or a panel is past the end
    LP_BAD_DTYPE = 3, // not one of the stored types
} lp_status;
