// Waits a moment in a loop that waits for another thread.
#pragma once

/// Tells the core that this thread waits: it leaves the execution ports to others, and the loop ends without a penalty.
static inline void lp_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb");
#endif
}
