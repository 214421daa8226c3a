// Swift's Mutex with its wait where ThreadSanitizer sees it.
//
// In the library, which is not built under it, the kernel hands a contended lock on (FUTEX_LOCK_PI), so that what the
// lock guards is reported as a race. Linked in, these two stand in their place; the rest of Mutex is inlined and seen.
#include <sched.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

// Synchronization._MutexHandle._lockSlow(_: UInt32): `own` is the thread's id, which the word holds while it is locked.
SWIFT void linchpin_lock(uint32_t own, SELF uint32_t *word)
    __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
SWIFT void linchpin_lock(uint32_t own, SELF uint32_t *word) {
    uint32_t nobody = 0;
    while (!__atomic_compare_exchange_n(word, &nobody, own, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        nobody = 0;
        sched_yield();
    }
}

// Synchronization._MutexHandle._unlockSlow()
SWIFT void linchpin_unlock(SELF uint32_t *word) __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
SWIFT void linchpin_unlock(SELF uint32_t *word) { __atomic_store_n(word, 0, __ATOMIC_RELEASE); }
