// libxcrypt: the password formats of crypt(3).
#ifndef SLUICE_LIBCRYPT_H
#define SLUICE_LIBCRYPT_H
#include <crypt.h>
#endif
