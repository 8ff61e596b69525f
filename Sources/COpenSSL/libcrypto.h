// libcrypto of OpenSSL 3: random bytes, message authentication, scrypt.
#ifndef SLUICE_LIBCRYPTO_H
#define SLUICE_LIBCRYPTO_H
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#endif
