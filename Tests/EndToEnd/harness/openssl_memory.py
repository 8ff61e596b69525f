"""What OpenSSL itself keeps for one accepted connection at rest: measured by the allocator, in a process of its own.

usage: openssl_memory.py CERTIFICATE KEY VERSION      version 1.2 or 1.3; prints bytes
"""

import ctypes
import ctypes.util
import sys

COUNT = 500
SSL_CTRL_MODE, SSL_CTRL_SESS_CACHE, SSL_CTRL_MIN, SSL_CTRL_MAX = 33, 44, 123, 124
SSL_MODE_RELEASE_BUFFERS = 0x10
VERSIONS = {"1.2": 0x0303, "1.3": 0x0304}


class Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]


def load():
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    ssl, crypto, libc = (ctypes.CDLL(ctypes.util.find_library(name)) for name in ("ssl", "crypto", "c"))
    for library, name, result, *arguments in [
        (ssl, "TLS_method", pointer), (ssl, "SSL_CTX_new", pointer, pointer), (ssl, "SSL_new", pointer, pointer), (ssl, "SSL_free", None, pointer),
        (ssl, "SSL_CTX_use_certificate_chain_file", number, pointer, text), (ssl, "SSL_CTX_use_PrivateKey_file", number, pointer, text, number),
        (ssl, "SSL_CTX_ctrl", ctypes.c_long, pointer, number, ctypes.c_long, pointer), (ssl, "SSL_set_bio", None, pointer, pointer, pointer),
        (ssl, "SSL_set_accept_state", None, pointer), (ssl, "SSL_set_connect_state", None, pointer), (ssl, "SSL_do_handshake", number, pointer),
        (ssl, "SSL_read", number, pointer, text, number), (ssl, "SSL_write", number, pointer, text, number),
        (crypto, "BIO_new", pointer, pointer), (crypto, "BIO_s_mem", pointer), (crypto, "BIO_s_null", pointer), (crypto, "BIO_up_ref", number, pointer),
        (libc, "mallinfo2", Mallinfo2),
    ]:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return ssl, crypto, libc


def main(certificate: str, key: str, version: str) -> int:
    ssl, crypto, libc = load()
    context = ssl.SSL_CTX_new(ssl.TLS_method())
    assert ssl.SSL_CTX_use_certificate_chain_file(context, certificate.encode()) == 1
    assert ssl.SSL_CTX_use_PrivateKey_file(context, key.encode(), 1) == 1
    ssl.SSL_CTX_ctrl(context, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, None)
    ssl.SSL_CTX_ctrl(context, SSL_CTRL_SESS_CACHE, 0, None)
    for bound in (SSL_CTRL_MIN, SSL_CTRL_MAX):
        assert ssl.SSL_CTX_ctrl(context, bound, VERSIONS[version], None) == 1

    def connect() -> int:
        """The accepting side of a connection that has carried a request and an answer, without what it was connected with."""
        server, client = ssl.SSL_new(context), ssl.SSL_new(context)
        there, back = crypto.BIO_new(crypto.BIO_s_mem()), crypto.BIO_new(crypto.BIO_s_mem())
        for pipe in (there, back):
            crypto.BIO_up_ref(pipe)
        ssl.SSL_set_bio(server, there, back)
        ssl.SSL_set_bio(client, back, there)
        ssl.SSL_set_accept_state(server)
        ssl.SSL_set_connect_state(client)
        while [ssl.SSL_do_handshake(client), ssl.SSL_do_handshake(server)] != [1, 1]:
            pass
        buffer = ctypes.create_string_buffer(1024)
        for sender, receiver in ((client, server), (server, client)):
            assert ssl.SSL_write(sender, b"hello", 5) == 5
            assert ssl.SSL_read(receiver, buffer, 1024) == 5
        ssl.SSL_free(client)
        nothing = crypto.BIO_new(crypto.BIO_s_null())
        ssl.SSL_set_bio(server, nothing, nothing)
        return server

    kept = [connect() for _ in range(50)]
    before = libc.mallinfo2().uordblks
    kept += [connect() for _ in range(COUNT)]
    return (libc.mallinfo2().uordblks - before) // COUNT


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
