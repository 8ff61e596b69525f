// libnghttp2: frames and header compression of HTTP/2.
#ifndef SLUICE_NGHTTP2_H
#define SLUICE_NGHTTP2_H
#include <nghttp2/nghttp2.h>
#endif
