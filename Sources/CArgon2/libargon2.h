// libargon2: the reference implementation of RFC 9106.
#ifndef SLUICE_LIBARGON2_H
#define SLUICE_LIBARGON2_H
#include <argon2.h>
#endif
