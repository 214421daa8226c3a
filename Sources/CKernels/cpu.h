// Which compiled version of a kernel this machine can run.
//
// A kernel whose arithmetic is worth it is compiled twice from one source: for the least machine of the architecture,
// and for AVX2 with fused multiply-add. The choice is made per call from the CPU's own answer, never from the data, so
// it is the same for every row.
#pragma once

static inline int lp_has_avx2(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return 0;
#endif
}
