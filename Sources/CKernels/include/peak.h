// What the processor could do: loops that touch nothing but registers.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "isa.h"

/// Runs the version's fastest int8 multiply-adds; gives how many operations were done, two for each multiply-add.
uint64_t lp_peak_int8(lp_isa isa, size_t rounds);

/// The same for float32.
uint64_t lp_peak_float(lp_isa isa, size_t rounds);
