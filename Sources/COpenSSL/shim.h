#pragma once
// The library that libmariadb itself is linked with.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
