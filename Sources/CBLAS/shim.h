// Gives Swift the BLAS, for float32 matrix products.
#pragma once
#include <cblas.h>
