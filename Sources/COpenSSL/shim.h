// Gives Swift the TLS library.
#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
