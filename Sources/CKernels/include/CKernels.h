// The front door: packed numbers in, packed numbers out.
//
// Shapes stand in brackets after each pointer, row-major, in elements. All memory belongs to the caller; nothing here
// allocates, keeps a global or exits. What may fail returns an `lp_status`. Every element of a result is computed in
// one fixed order that depends on nothing but its own row, so its bits never depend on what else is in the batch or on
// the number of threads.
#pragma once

#include "activation.h"
#include "attention.h"
#include "attention_gradient.h"
#include "cross_entropy.h"
#include "dense.h"
#include "embedding.h"
#include "gated.h"
#include "linear.h"
#include "product.h"
#include "rmsnorm.h"
#include "rope.h"
#include "status.h"
#include "steadiness.h"
#include "widen.h"
