// Gives Swift the switches of the C allocator.
#pragma once
#include <malloc.h>
