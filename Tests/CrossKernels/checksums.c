// Prints what the scoring kernels make of fixed numbers.
//
// One line a kernel, version and shape, with a checksum of the bits. Deploy/checks/aarch64 runs it on two machines:
// all lines of one name must be equal, whatever the version (promise P2).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "attention.h"
#include "cells.h"
#include "panel.h"
#include "projection.h"
#include "rmsnorm.h"
#include "tile.h"

enum { ROWS = 13, PANELS = 2, OUTPUTS = 100, OUTLIERS = 3 };

static uint64_t state = 1;

/// SplitMix64.
static uint64_t draw(void) {
    uint64_t mixed = state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

/// Whole cache lines, never freed: the program is over at once.
static void *memory(size_t bytes) {
    void *start = aligned_alloc(64, bytes / 64 * 64 + 64);
    if (!start) exit(1);
    memset(start, 0, bytes);
    return start;
}

/// In [-scale, scale).
static float *numbers(size_t count, float scale) {
    float *some = memory(count * sizeof *some);
    for (size_t i = 0; i < count; i++) some[i] = (float)((int64_t)(draw() >> 40) - (1 << 23)) / (1 << 23) * scale;
    return some;
}

static void print(const char *name, size_t shape, lp_isa isa, const void *bytes, size_t count) {
    uint64_t sum = 0xcbf29ce484222325u; // FNV-1a
    for (size_t i = 0; i < count; i++) sum = (sum ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
    printf("%s-%zu %016llx %d\n", name, shape, (unsigned long long)sum, (int)isa);
}

static void products(lp_isa isa, lp_format format, size_t inputs) {
    const char *names[] = {"float32", "float16", "bfloat16", "int8"};
    const uint32_t outlier_inputs[OUTLIERS] = {0, (uint32_t)inputs / 2, (uint32_t)inputs - 1};
    int is_int8 = format == LP_FORMAT_INT8;
    size_t outliers = is_int8 && inputs > OUTLIERS ? OUTLIERS : 0;
    lp_dtype dtype = is_int8 ? LP_FLOAT32 : (lp_dtype)format;
    size_t panel_bytes = lp_panel_bytes(format, inputs);
    char *panels = memory(PANELS * panel_bytes);
    float *panel_outliers = memory(PANELS * OUTLIERS * LP_PANEL * sizeof(float));
    char *stored = (char *)numbers(OUTPUTS * inputs, 1);
    for (size_t i = 0; lp_dtype_size(dtype) == 2 && i < OUTPUTS * inputs; i++) {
        uint16_t half = (uint16_t)((draw() & 0x8fffu) | 0x3000u); // of a magnitude around 1 as either type
        memcpy(stored + 2 * i, &half, sizeof half);
    }
    for (size_t panel = 0; panel < PANELS; panel++) {
        const void *rows[LP_PANEL];
        for (size_t i = 0; i < LP_PANEL; i++) {
            size_t output = panel * LP_PANEL + i;
            rows[i] = output < OUTPUTS ? stored + output * inputs * lp_dtype_size(dtype) : NULL;
        }
        float *left_out = panel_outliers + panel * outliers * LP_PANEL;
        lp_pack_panel(format, rows, dtype, inputs, outlier_inputs, outliers, panels + panel * panel_bytes, left_out);
    }
    print("packed", inputs * 10 + format, isa, panels, PANELS * panel_bytes);

    size_t cell_bytes = lp_cells_bytes(inputs, ROWS, is_int8);
    lp_cells x = {
        memory(cell_bytes), memory((inputs / LP_GROUP + 1) * ROWS * 4), memory(ROWS * OUTLIERS * 4), outlier_inputs,
        outliers, ROWS, inputs, is_int8,
    };
    lp_cells_fill(isa, &x, numbers(ROWS * inputs, 5), inputs, 0, ROWS, 0, inputs);
    print("cells", inputs * 10 + format, isa, x.cells, cell_bytes);

    lp_weights weights = {panels, panel_outliers, outliers, inputs, OUTPUTS, format};
    float *tile = memory(ROWS * LP_PANEL * sizeof *tile);
    float *scratch = memory(LP_PANEL_SCRATCH * sizeof *scratch);
    for (size_t panel = 0; panel < PANELS; panel++) {
        lp_multiply_panel(isa, &weights, panel, &x, 0, ROWS, scratch, tile);
        print(names[format], inputs * 10 + panel, isa, tile, ROWS * LP_PANEL * sizeof *tile);
    }
}

static void tiles(lp_isa isa) {
    const float *tile = numbers(ROWS * LP_PANEL, 100);
    const float *bias = numbers(LP_PANEL, 10);
    float *y = numbers(ROWS * LP_PANEL, 10);
    lp_tile_add(isa, tile, bias, ROWS, 61, y, LP_PANEL);
    print("add", 61, isa, y, ROWS * LP_PANEL * sizeof *y);
    lp_tile_store(isa, tile, bias, ROWS, 19, y, LP_PANEL);
    print("store", 19, isa, y, ROWS * LP_PANEL * sizeof *y);
    lp_tile_gate(isa, tile, bias, ROWS, 32, y, LP_PANEL);
    print("gate", 32, isa, y, ROWS * LP_PANEL * sizeof *y);
    lp_silu_times(isa, y, tile, ROWS * LP_PANEL);
    print("silu", 0, isa, y, ROWS * LP_PANEL * sizeof *y);
}

static void attention(lp_isa isa, size_t dimension) {
    enum { HEADS = 6, SHARED = 2, POSITIONS = 150, COUNT = 40 };
    size_t row = (HEADS + 2 * SHARED) * dimension;
    float *slab = numbers(LP_SLAB * 2 * SHARED * dimension, 1);
    float *slabs[1] = {slab};
    int32_t slots[POSITIONS], positions[COUNT];
    for (int32_t i = 0; i < POSITIONS; i++) slots[i] = i * 7 % LP_SLAB;
    for (int32_t i = 0; i < COUNT; i++) positions[i] = POSITIONS - COUNT + i;

    float *projected = numbers(COUNT * row, 3);
    float *norm = numbers(dimension, 2);
    lp_projection projection = {
        projected, row, slots + POSITIONS - COUNT, slabs, numbers(COUNT * dimension / 2, 1),
        numbers(COUNT * dimension / 2, 1), norm, NULL, 1e-6f, HEADS, SHARED, dimension,
    };
    lp_finish_projection(isa, &projection, 0, COUNT);
    print("projection", dimension, isa, projected, COUNT * row * sizeof *projected);
    print("slab", dimension, isa, slab, LP_SLAB * 2 * SHARED * dimension * sizeof *slab);

    size_t width = HEADS * dimension;
    float *out = memory(COUNT * width * sizeof *out);
    float *scratch = memory(lp_attention_scratch(HEADS / SHARED, dimension) * sizeof *scratch);
    for (size_t window = 0; window <= 70; window += 70) {
        lp_attention layer = {projected, row, out, width, slabs, HEADS, SHARED, dimension, window};
        for (size_t head = 0; head < SHARED; head++) {
            lp_attention_block(isa, &layer, slots, positions, COUNT, 0, head, scratch);
        }
        print("attention", dimension * 100 + window, isa, out, COUNT * width * sizeof *out);
    }
    lp_rmsnorm(isa, projected, numbers(row, 1), 1e-6f, COUNT, row, projected);
    print("rmsnorm", dimension, isa, projected, COUNT * row * sizeof *projected);
}

int main(void) {
    const lp_isa versions[] = {LP_PLAIN, LP_AVX2, LP_AVX512, LP_AVX512_VNNI, LP_DOTPROD};
    const size_t widths[] = {1, 63, 256, 300, 777};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        if (!lp_isa_runs(versions[i])) continue;
        state = 1;
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
            for (int format = LP_FORMAT_FLOAT32; format <= LP_FORMAT_INT8; format++) {
                products(versions[i], (lp_format)format, widths[w]);
            }
        }
        tiles(versions[i]);
        attention(versions[i], 64);
        attention(versions[i], 80);
    }
    return 0;
}
