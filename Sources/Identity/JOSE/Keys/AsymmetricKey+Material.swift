private import COpenSSL

extension AsymmetricKey {
    /// The key of these numbers. Throws for a secret, for numbers that are no key, and for a private half of another key.
    convenience init(_ material: KeyMaterial) throws(KeyError) {
        let pointer: OpaquePointer?
        switch material {
        case .secret: throw KeyError("a secret is no key of a pair")
        case .rsa(let rsa):
            try AsymmetricKey.check(rsa)
            unsafe pointer = rsa.privateNumbers.map { unsafe AsymmetricKey.decodePrivate(rsa, $0) } ?? AsymmetricKey.decodePublic(rsa)
        case .ec(let curve, let x, let y, let d):
            guard curve.isWeierstrass, x.count == curve.size, y.count == curve.size, d?.count ?? curve.size == curve.size else {
                throw KeyError("the numbers of a key on \(curve.rawValue) have \(curve.size) bytes each")
            }
            let point = [0x04] + x + y
            unsafe pointer = d.map { unsafe AsymmetricKey.decodePrivate(curve, point, $0) } ?? AsymmetricKey.decodePublic(curve, point)
        case .okp(let curve, let x, let d):
            guard !curve.isWeierstrass, x.count == curve.size, d?.count ?? curve.size == curve.size else {
                throw KeyError("the numbers of a key on \(curve.rawValue) have \(curve.size) bytes each")
            }
            unsafe pointer =
                d.map { unsafe EVP_PKEY_new_raw_private_key_ex(nil, curve.name, nil, $0, $0.count) }
                ?? EVP_PKEY_new_raw_public_key_ex(nil, curve.name, nil, x, x.count)
        }
        ERR_clear_error()
        guard let pointer = unsafe pointer else { throw KeyError("the numbers are no \(material.type) key") }
        unsafe self.init(owning: pointer)
        guard material.isPrivate else { return }
        // The public half of an OKP key comes out of its private one, whatever the document says.
        guard isPaired(), self.material(isPrivate: false) == material.publicPart else {
            throw KeyError("the private and the public half of the \(material.type) key do not belong together")
        }
    }

    private static func check(_ rsa: KeyMaterial.RSA) throws(KeyError) {
        guard let top = rsa.n.first, top != 0, RSALimits.bits.contains(rsa.n.count * 8 - top.leadingZeroBitCount),
            let low = rsa.n.last, low & 1 == 1, let first = rsa.e.first, first != 0, rsa.e.count <= 8,
            let last = rsa.e.last, last & 1 == 1, rsa.e != [1]
        else { throw KeyError(RSALimits.message) }
    }

    private static func decodePublic(_ rsa: KeyMaterial.RSA) -> OpaquePointer? {
        let key = DER.sequence(DER.integer(rsa.n), DER.integer(rsa.e))
        return unsafe decodePublic(DER.sequence(DER.rsa, DER.bitString(key)))
    }

    /// RFC 8017 §A.1.2.
    private static func decodePrivate(_ rsa: KeyMaterial.RSA, _ own: KeyMaterial.RSA.Private) -> OpaquePointer? {
        let numbers = [[0], rsa.n, rsa.e, own.d, own.p, own.q, own.dp, own.dq, own.qi]
        return unsafe decodePrivate(DER.element(0x30, numbers.flatMap { DER.integer($0) }), EVP_PKEY_RSA)
    }

    private static func decodePublic(_ curve: EllipticCurve, _ point: [UInt8]) -> OpaquePointer? {
        unsafe decodePublic(DER.sequence(DER.sequence(DER.ec, DER.name(of: curve)), DER.bitString(point)))
    }

    /// RFC 5915 §3.
    private static func decodePrivate(_ curve: EllipticCurve, _ point: [UInt8], _ d: [UInt8]) -> OpaquePointer? {
        let key = DER.sequence(
            [0x02, 1, 1], DER.octetString(d), DER.tagged(0, DER.name(of: curve)), DER.tagged(1, DER.bitString(point)))
        return unsafe decodePrivate(key, EVP_PKEY_EC)
    }

    private static func decodePublic(_ bytes: [UInt8]) -> OpaquePointer? {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            var next = bytes.baseAddress
            return unsafe d2i_PUBKEY(nil, &next, bytes.count)
        }
    }

    private static func decodePrivate(_ bytes: [UInt8], _ type: Int32) -> OpaquePointer? {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            var next = bytes.baseAddress
            return unsafe d2i_PrivateKey(type, nil, &next, bytes.count)
        }
    }
}
