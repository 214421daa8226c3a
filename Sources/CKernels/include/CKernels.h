// The front door: packed numbers in, packed numbers out.
//
// Shapes stand in brackets after each pointer, row-major, in elements. All memory belongs to the caller; nothing here
// allocates, keeps a global or exits. What may fail returns an `lp_status`. Every kernel that scores is told which
// instructions to use (isa.h), and gives the same bits with any of them: each element of a result is computed in one
// order of operations, fused where it says so, which depends on nothing but its own row. So a row's bits never depend on
// the machine, on what else is in the batch or on the number of threads.
#pragma once

#include "activation.h"
#include "attention.h"
#include "attention_gradient.h"
#include "cells.h"
#include "cross_entropy.h"
#include "dense.h"
#include "embedding.h"
#include "gated.h"
#include "isa.h"
#include "panel.h"
#include "pause.h"
#include "peak.h"
#include "projection.h"
#include "rmsnorm.h"
#include "rope.h"
#include "status.h"
#include "tile.h"
#include "vocabulary.h"
#include "weights.h"
#include "widen.h"
