// Which instructions a kernel may use, and which of them this machine has.
//
// Every kernel exists in several compiled versions of one definition: same operations, same order, same bits. The
// caller asks once which version is best here, and hands it to each call, so a test can run all that the machine has.
#pragma once

/// A version of the kernels. One that has nothing of its own for an operation takes the next lesser one there.
typedef enum lp_isa {
    LP_PLAIN = 0,       // the least machine of the architecture
    LP_AVX2 = 1,        // x86-64 with AVX2 and fused multiply-add
    LP_AVX512 = 2,      // and with AVX-512 F, BW, DQ and VL
    LP_AVX512_VNNI = 3, // and with its int8 dot products
    LP_DOTPROD = 4,     // AArch64 with int8 dot products
} lp_isa;

/// 1 where this machine can run that version, else 0.
int lp_isa_runs(lp_isa isa);

/// The fastest version that runs here.
lp_isa lp_isa_best(void);
