// Carries Resources/ inside the binary: the compiler reads the files, and a build sees when one of them changes.
//
// C because SwiftPM's embedInCode spells every byte as Swift source, which takes minutes for megabytes.
#include "CBuiltIn.h"

// clang has #embed in every C of today, and warns that C23 named it first.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char config[] = {
#embed "Resources/config.json"
};

static const unsigned char linchpin[] = {
#embed "Resources/linchpin.json"
};

static const unsigned char tokenizer[] = {
#embed "Resources/tokenizer.json"
};

static const unsigned char model[] = {
#embed "Resources/model.safetensors"
};

static const lp_builtin_file files[] = {
    {"config.json", config, sizeof config},
    {"linchpin.json", linchpin, sizeof linchpin},
    {"tokenizer.json", tokenizer, sizeof tokenizer},
    {"model.safetensors", model, sizeof model},
};

size_t lp_builtin_file_count(void) { return sizeof files / sizeof files[0]; }

lp_builtin_file lp_builtin_file_at(size_t index) {
    if (index >= lp_builtin_file_count()) return (lp_builtin_file){0};
    return files[index];
}
