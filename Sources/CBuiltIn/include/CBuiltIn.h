// The files of the built-in model, as bytes of the binary.
#pragma once

#include <stddef.h>

typedef struct {
    const char *name;            // as in a model folder, NUL-terminated
    const unsigned char *bytes;  // [size], never freed
    size_t size;
} lp_builtin_file;

size_t lp_builtin_file_count(void);

/// `index` < lp_builtin_file_count(); beyond it every field is 0.
lp_builtin_file lp_builtin_file_at(size_t index);
