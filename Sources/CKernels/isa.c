// Asks the processor, and on AArch64 the kernel, what it can run.
#include "isa.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

static int has_dot_products(void) {
    const unsigned long asimddp = 1ul << 20; // HWCAP_ASIMDDP of the kernel's <asm/hwcap.h>
    return (getauxval(AT_HWCAP) & asimddp) != 0;
}
#endif

int lp_isa_runs(lp_isa isa) {
    if (isa == LP_PLAIN) return 1;
#if defined(__x86_64__)
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (isa == LP_AVX2) return avx2;
    if (isa == LP_AVX512) return avx512;
    if (isa == LP_AVX512_VNNI) return avx512 && __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__) && defined(__linux__)
    if (isa == LP_DOTPROD) return has_dot_products();
#endif
    return 0;
}

lp_isa lp_isa_best(void) {
    if (lp_isa_runs(LP_DOTPROD)) return LP_DOTPROD;
    if (lp_isa_runs(LP_AVX512_VNNI)) return LP_AVX512_VNNI;
    if (lp_isa_runs(LP_AVX512)) return LP_AVX512;
    if (lp_isa_runs(LP_AVX2)) return LP_AVX2;
    return LP_PLAIN;
}
