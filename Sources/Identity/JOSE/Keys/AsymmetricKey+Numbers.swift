private import COpenSSL

extension AsymmetricKey {
    /// Its numbers; nil for a kind of key that JWK has no name for, and for a private half that isn't there.
    func material(isPrivate: Bool) -> KeyMaterial? {
        defer { ERR_clear_error() }
        if isOf("RSA") { return rsa(isPrivate) }
        for curve in EllipticCurve.allCases where !curve.isWeierstrass && isOf(curve.name) {
            guard let x = unsafe raw(curve.size, { unsafe EVP_PKEY_get_raw_public_key(pointer, $0, $1) }) else { return nil }
            guard isPrivate else { return .okp(curve, x: x, d: nil) }
            return unsafe raw(curve.size) { unsafe EVP_PKEY_get_raw_private_key(pointer, $0, $1) }.map { .okp(curve, x: x, d: $0) }
        }
        guard isOf("EC"), let curve = EllipticCurve.allCases.first(where: { $0.isWeierstrass && $0.name == groupName }),
            let x = number("qx", curve.size), let y = number("qy", curve.size)
        else { return nil }
        guard isPrivate else { return .ec(curve, x: x, y: y, d: nil) }
        return number("priv", curve.size).map { .ec(curve, x: x, y: y, d: $0) }
    }

    private func rsa(_ isPrivate: Bool) -> KeyMaterial? {
        guard let n = number("n"), let e = number("e") else { return nil }
        guard isPrivate else { return .rsa(KeyMaterial.RSA(n: n, e: e)) }
        guard let d = number("d"), let p = number("rsa-factor1"), let q = number("rsa-factor2"), let dp = number("rsa-exponent1"),
            let dq = number("rsa-exponent2"), let qi = number("rsa-coefficient1")
        else { return nil }
        return .rsa(KeyMaterial.RSA(n: n, e: e, privateNumbers: .init(d: d, p: p, q: q, dp: dp, dq: dq, qi: qi)))
    }

    private func isOf(_ type: String) -> Bool { unsafe EVP_PKEY_is_a(pointer, type) == 1 }

    private var groupName: String? {
        var name = [UInt8](repeating: 0, count: 64)
        var count = 0
        let isKnown = unsafe name.withUnsafeMutableBytes { name in
            unsafe EVP_PKEY_get_group_name(pointer, name.baseAddress?.assumingMemoryBound(to: CChar.self), name.count, &count) == 1
        }
        return isKnown ? String(decoding: name.prefix(count), as: UTF8.self) : nil
    }

    /// A number of the key, most significant byte first: without leading zeros, or of `size` bytes.
    private func number(_ name: String, _ size: Int? = nil) -> [UInt8]? {
        var number: OpaquePointer?
        guard unsafe EVP_PKEY_get_bn_param(pointer, name, &number) == 1, let number = unsafe number else { return nil }
        defer { unsafe BN_clear_free(number) }
        let size = unsafe size ?? Int(BN_num_bits(number) + 7) / 8
        var bytes = [UInt8](repeating: 0, count: size)
        return unsafe BN_bn2binpad(number, &bytes, Int32(clamping: size)) == Int32(clamping: size) ? bytes : nil
    }

    private func raw(_ size: Int, _ read: (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<Int>) -> Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: size)
        var count = size
        let isThere = unsafe bytes.withUnsafeMutableBufferPointer { unsafe read($0.baseAddress, &count) == 1 }
        return isThere && count == size ? bytes : nil
    }
}
