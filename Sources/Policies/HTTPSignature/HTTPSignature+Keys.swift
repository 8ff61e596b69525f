import GatewayCore
import Identity
import PolicyKit
import Schema

extension HTTPSignature {
    static func components(_ names: [String], at position: SourcePosition, _ path: String) throws(PolicyError) -> [SignatureComponent] {
        var components: [SignatureComponent] = []
        for name in names {
            do throws(SignatureError) { components.append(try SignatureComponent(parsing: name)) } catch {
                throw PolicyError("`\(name)` can't be signed: \(error)", at: position, path: path)
            }
        }
        return components
    }
}

extension HTTPSignature.Key {
    func key(_ path: String) throws(PolicyError) -> MessageVerifyingKey {
        switch (algorithm, publicKey, secret) {
        case (.hmacSHA256, nil, let secret?) where !secret.text.isEmpty: return MessageVerifyingKey(secret: Array(secret.text.utf8))
        case (.hmacSHA256, _, _): throw PolicyError("`hmac-sha256` takes a `secret`, and no `publicKey`", at: $keyId.position, path: path)
        case (_, let pem?, nil):
            do throws(KeyError) { return try MessageVerifyingKey(pem: pem, algorithm.algorithm) } catch {
                throw PolicyError("the key can't be used: \(error)", at: $publicKey.position, path: "\(path).publicKey")
            }
        default: throw PolicyError("`\(algorithm.rawValue)` takes a `publicKey`, and no `secret`", at: $keyId.position, path: path)
        }
    }

    func principal(_ path: String, _ secrets: SharedSecrets) throws(PolicyError) -> Principal {
        guard let name = consumer else { return Principal(method: HTTPSignature.id, subject: keyId) }
        guard let owner = secrets.consumer(named: name) else {
            throw PolicyError("there is no consumer called `\(name)`", at: $consumer.position, path: "\(path).consumer")
        }
        return Principal(method: HTTPSignature.id, subject: keyId, consumer: owner)
    }
}

extension HTTPSignature.Maker {
    func key(_ path: String) throws(PolicyError) -> MessageSigningKey {
        switch (algorithm, privateKey, secret) {
        case (.hmacSHA256, nil, let secret?) where !secret.text.isEmpty: return MessageSigningKey(secret: Array(secret.text.utf8))
        case (.hmacSHA256, _, _): throw PolicyError("`hmac-sha256` takes a `secret`, and no `privateKey`", at: $keyId.position, path: path)
        case (_, let pem?, nil):
            do throws(KeyError) { return try MessageSigningKey(pem: pem.text, algorithm.algorithm) } catch {
                throw PolicyError("the key can't be used: \(error)", at: $privateKey.position, path: "\(path).privateKey")
            }
        default: throw PolicyError("`\(algorithm.rawValue)` takes a `privateKey`, and no `secret`", at: $keyId.position, path: path)
        }
    }
}
