// Gives Swift prctl(2), which is variadic in C.
#pragma once
#include <sys/prctl.h>

/// 0, or -1 with errno: no core file of this process, and no debugger of its own user, until the next exec.
static inline int linchpin_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
