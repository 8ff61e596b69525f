package import Primitives

extension JSONWebKey {
    /// The document, with the private half if there is one.
    package var json: JSON {
        var object = JSONObject()
        for member in members { object[member.name] = member.value }
        return .object(object)
    }

    /// The type's own members first.
    var members: [(name: String, value: JSON)] {
        var members: [(name: String, value: JSON)] = [("kty", .string(material.type))]
        func add(_ name: String, _ bytes: [UInt8]?) {
            if let bytes { members.append((name, .string(Base64URL.encode(bytes)))) }
        }
        switch material {
        case .secret(let bytes): add("k", bytes)
        case .rsa(let rsa):
            add("n", rsa.n)
            add("e", rsa.e)
            guard let own = rsa.privateNumbers else { break }
            for (name, number) in [("d", own.d), ("p", own.p), ("q", own.q), ("dp", own.dp), ("dq", own.dq), ("qi", own.qi)] { add(name, number) }
        case .ec(let curve, let x, let y, let d):
            members.append(("crv", .string(curve.rawValue)))
            add("x", x)
            add("y", y)
            add("d", d)
        case .okp(let curve, let x, let d):
            members.append(("crv", .string(curve.rawValue)))
            add("x", x)
            add("d", d)
        }
        if let kid { members.append(("kid", .string(kid))) }
        if let use { members.append(("use", .string(use))) }
        if let operations { members.append(("key_ops", .array(operations.map { .string($0) }))) }
        if let algorithm { members.append(("alg", .string(algorithm))) }
        return members
    }
}

extension JSONWebKey {
    package init(parsing text: [UInt8]) throws(KeyError) {
        let json: JSON
        do throws(JSONError) { json = try JSON.parse(text) } catch { throw KeyError("the key is no JSON: \(error)") }
        try self.init(json)
    }

    /// Reads a key of the types `oct`, `RSA`, `EC` and `OKP`. Members that it does not know, certificates among them, say nothing.
    package init(_ json: JSON) throws(KeyError) {
        guard case .object(let object) = json else { throw KeyError("a key is a JSON object") }
        let members = KeyMembers(object)
        let type = try members.text("kty")
        switch type {
        case "oct":
            let secret = try members.bytes("k")
            guard !secret.isEmpty else { throw KeyError("`k` is empty") }
            material = .secret(secret)
        case "RSA": material = .rsa(try members.rsa())
        case "EC": material = try members.curveKey(isWeierstrass: true)
        case "OKP": material = try members.curveKey(isWeierstrass: false)
        case nil: throw KeyError("the key has no `kty`")
        default: throw KeyError("keys of another type than oct, RSA, EC and OKP are not known")
        }
        kid = try members.text("kid")
        use = try members.text("use")
        algorithm = try members.text("alg")
        operations = nil
        if let value = object["key_ops"] {
            guard let names = value.strings, Set(names).count == names.count else { throw KeyError("`key_ops` must be different texts") }
            operations = names
        }
    }
}

/// The members of a key's document, with their errors.
private struct KeyMembers {
    private let object: JSONObject

    init(_ object: JSONObject) { self.object = object }

    func text(_ name: String) throws(KeyError) -> String? {
        guard let value = object[name] else { return nil }
        guard let text = value.string else { throw KeyError("`\(name)` must be a text") }
        return text
    }

    func bytes(_ name: String) throws(KeyError) -> [UInt8] {
        guard let text = try text(name) else { throw KeyError("the key has no `\(name)`") }
        guard let bytes = Base64URL.decode(text) else { throw KeyError("`\(name)` is no base64url") }
        return bytes
    }

    /// A number without leading zeros. Some writers put one in front, which RFC 7518 §6.3.1.1 warns of.
    private func number(_ name: String) throws(KeyError) -> [UInt8] {
        let digits = try bytes(name).drop { $0 == 0 }
        guard !digits.isEmpty else { throw KeyError("`\(name)` is zero") }
        return Array(digits)
    }

    func rsa() throws(KeyError) -> KeyMaterial.RSA {
        var rsa = KeyMaterial.RSA(n: try number("n"), e: try number("e"))
        guard object["oth"] == nil else { throw KeyError("RSA keys of more than two primes are not known") }
        guard object["d"] != nil else { return rsa }
        rsa.privateNumbers = .init(
            d: try number("d"), p: try number("p"), q: try number("q"), dp: try number("dp"), dq: try number("dq"), qi: try number("qi"))
        return rsa
    }

    func curveKey(isWeierstrass: Bool) throws(KeyError) -> KeyMaterial {
        guard let name = try text("crv") else { throw KeyError("the key has no `crv`") }
        guard let curve = EllipticCurve(rawValue: name), curve.isWeierstrass == isWeierstrass else {
            throw KeyError("the curve of the key is not known for its type")
        }
        let x = try sized("x", curve)
        let d = object["d"] == nil ? nil : try sized("d", curve)
        return isWeierstrass ? .ec(curve, x: x, y: try sized("y", curve), d: d) : .okp(curve, x: x, d: d)
    }

    /// Of the full size, leading zeros included (RFC 7518 §6.2.1.2).
    private func sized(_ name: String, _ curve: EllipticCurve) throws(KeyError) -> [UInt8] {
        let bytes = try bytes(name)
        guard bytes.count == curve.size else { throw KeyError("`\(name)` must have \(curve.size) bytes on \(curve.rawValue)") }
        return bytes
    }
}
