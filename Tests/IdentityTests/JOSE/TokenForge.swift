import Identity
import Primitives

/// Makes a good token of one algorithm, and bad ones out of it.
struct TokenForge {
    let algorithm: SignatureAlgorithm
    let key: SigningKey
    let header: [UInt8]
    let claims = Array(#"{"iss":"https://id.example","aud":"orders","sub":"alice","exp":2000}"#.utf8)
    let signature: [UInt8]
    let token: [UInt8]
    private let foreign: SigningKey
    private let verifier: TokenVerifier

    init(_ algorithm: SignatureAlgorithm) throws {
        self.algorithm = algorithm
        var jwk = try SigningKey.generate(algorithm).jwk
        jwk.kid = "k1"
        key = try SigningKey(jwk)
        foreign = try SigningKey.generate(algorithm)
        header = Array(#"{"alg":"\#(algorithm.rawValue)","kid":"k1","typ":"JWT"}"#.utf8)
        let input = TokenForge.text(header) + [UInt8(ascii: ".")] + TokenForge.text(claims)
        signature = try key.sign(input, algorithm: algorithm)
        token = input + [UInt8(ascii: ".")] + TokenForge.text(signature)
        var rules = TokenRules()
        rules.issuers = ["https://id.example"]
        rules.audiences = ["orders"]
        verifier = TokenVerifier(rules, keys: VerifyingKeys([try key.verifyingKey()]))
    }

    func outcome(_ token: [UInt8]) -> String {
        token.withView { token in TokenRulesTests.outcome { () throws(TokenFlaw) in _ = try verifier.verify(token, now: 1500) } }
    }

    func assemble(_ header: [UInt8], _ claims: [UInt8], _ signature: [UInt8]) -> [UInt8] {
        Array([header, claims, signature].map { TokenForge.text($0) }.joined(separator: [UInt8(ascii: ".")]))
    }

    func assemble(_ header: [UInt8], _ claims: [UInt8], signedBy key: SigningKey, _ algorithm: SignatureAlgorithm) throws -> [UInt8] {
        let input = TokenForge.text(header) + [UInt8(ascii: ".")] + TokenForge.text(claims)
        return assemble(header, claims, try key.sign(input, algorithm: algorithm))
    }

    /// The token with one change; nil where there is nothing to change.
    func alter(_ change: String, _ argument: [UInt8]) throws -> [UInt8]? {
        let number = Int(argument.text) ?? 0
        switch change {
        case "signed-header": return try assemble(filled(argument), claims, signedBy: key, algorithm)
        case "foreign-header": return try assemble(filled(argument), claims, signedBy: foreign, algorithm)
        case "header": return assemble(filled(argument), claims, signature)
        case "claims": return assemble(header, argument, signature)
        case "signed-claims": return try assemble(header, argument, signedBy: key, algorithm)
        case "cut": return token.dropLast(number)
        case "cut-to": return Array(parts.prefix(number).joined(separator: [UInt8(ascii: ".")]))
        case "append": return token + argument
        case "prepend": return argument + token
        case "whole": return argument
        case "long": return token + [UInt8](repeating: UInt8(ascii: "A"), count: number)
        case "part": return replacing(Int(argument.text.prefix(1)) ?? 0, Array(argument.dropFirst(2)))
        case "unused-bits": return unusedBits(number)
        case "signature-zero": return assemble(header, claims, signature.map { _ in 0 })
        case "signature-ones": return assemble(header, claims, signature.map { _ in 0xff })
        case "signature-bytes":
            return assemble(header, claims, number < 0 ? signature.dropLast(-number) : signature + [UInt8](repeating: 0, count: number))
        case "flip":
            let numbers = argument.text.split(separator: " ").compactMap { Int($0) }
            var decoded = [header, claims, signature]
            decoded[numbers[0]][numbers[1]] ^= 1
            return assemble(decoded[0], decoded[1], decoded[2])
        default: throw KeyError("no such change: \(change)")
        }
    }

    private var parts: [[UInt8]] { token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { Array($0) } }

    private func replacing(_ place: Int, _ text: [UInt8]) -> [UInt8] {
        var parts = parts
        parts[place] = text
        return Array(parts.joined(separator: [UInt8(ascii: ".")]))
    }

    /// A text that decodes to the same bytes for whoever does not look at the bits behind them.
    private func unusedBits(_ place: Int) -> [UInt8]? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var part = parts[place]
        guard part.count & 3 != 0, let last = part.popLast(), let value = alphabet.firstIndex(of: last) else { return nil }
        return replacing(place, part + [alphabet[value | 1]])
    }

    private func filled(_ argument: [UInt8]) -> [UInt8] {
        // Byte by byte: some headers are no UTF-8.
        var bytes = argument
        for (name, value) in [("$alg", Array(algorithm.rawValue.utf8)), ("$jwk", (foreign.publicJWK ?? foreign.jwk).json.bytes)] {
            while let range = bytes.firstRange(of: Array(name.utf8)) { bytes.replaceSubrange(range, with: value) }
        }
        return bytes
    }

    private static func text(_ bytes: [UInt8]) -> [UInt8] { Array(Base64URL.encode(bytes).utf8) }
}
