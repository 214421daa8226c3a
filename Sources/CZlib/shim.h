// Gives Swift the compression library, for gzip.
#pragma once
#include <zlib.h>
