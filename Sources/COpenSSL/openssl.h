// OpenSSL 3: TLS, certificates, random bytes, message authentication, scrypt.
#ifndef SLUICE_OPENSSL_H
#define SLUICE_OPENSSL_H
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// What OpenSSL has as macros that Swift can't call.

static inline void sluice_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void sluice_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }

static inline int sluice_general_names(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

/// The DNS name at `index`, or NULL for a name of another kind.
static inline const ASN1_STRING *sluice_dns_name(const GENERAL_NAMES *names, int index) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    return name->type == GEN_DNS ? name->d.dNSName : NULL;
}

static inline void sluice_on_server_name(SSL_CTX *context, int (*callback)(SSL *, int *, void *), void *argument) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
    SSL_CTX_set_tlsext_servername_arg(context, argument);
}

static inline void sluice_on_status_request(SSL_CTX *context, int (*callback)(SSL *, void *), void *argument) {
    SSL_CTX_set_tlsext_status_cb(context, callback);
    SSL_CTX_set_tlsext_status_arg(context, argument);
}

/// Staples a copy of an OCSP response. 0: out of memory.
static inline int sluice_staple(SSL *ssl, const void *response, size_t length) {
    void *copy = OPENSSL_memdup(response, length);
    if (copy == NULL) return 0;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)length);
    return 1;
}

/// Neither compression (CRIME) nor renegotiation.
static inline void sluice_harden(SSL_CTX *context) { SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION); }
/// HMAC with SHA-256 and a key of 32 bytes, for a ticket.
static inline int sluice_authenticate_ticket(EVP_MAC_CTX *context, void *key) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, 32),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(context, parameters);
}

static inline int sluice_set_minimum_version(SSL_CTX *context, int version) { return SSL_CTX_set_min_proto_version(context, version); }
static inline int sluice_set_groups(SSL_CTX *context, const char *groups) { return SSL_CTX_set1_groups_list(context, groups); }
static inline void sluice_release_buffers(SSL_CTX *context) {
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}
static inline void sluice_no_session_cache(SSL_CTX *context) { SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); }
/// Takes over the certificate when it succeeds.
static inline int sluice_add_chain_certificate(SSL_CTX *context, X509 *certificate) { return SSL_CTX_add0_chain_cert(context, certificate); }
static inline void *sluice_secure_allocate(size_t size) { return OPENSSL_secure_zalloc(size); }
static inline void sluice_secure_free(void *memory, size_t size) { OPENSSL_secure_clear_free(memory, size); }

// Towards upstreams.

static inline int sluice_set_server_name(SSL *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }
/// Sessions are handed to the callback of new ones, and kept nowhere else.
static inline void sluice_hand_out_sessions(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
}
/// The kind of a subject alternative name (GEN_DNS, GEN_URI, GEN_IPADD; others have no bytes here), and its bytes.
static inline int sluice_alt_name(const GENERAL_NAMES *names, int index, const unsigned char **bytes, int *count) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    const ASN1_STRING *text = NULL;
    if (name->type == GEN_DNS || name->type == GEN_URI) text = name->d.ia5;
    if (name->type == GEN_IPADD) text = name->d.iPAddress;
    *bytes = text ? ASN1_STRING_get0_data(text) : NULL;
    *count = text ? ASN1_STRING_length(text) : 0;
    return name->type;
}

// Tokens.

/// HMAC with the digest of that name. The context keeps a copy of the key.
static inline int sluice_hmac_init(EVP_MAC_CTX *context, const unsigned char *key, size_t length, const char *digest) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_init(context, key, length, parameters);
}
#endif
