import Schema

extension Linter {
    mutating func checkConsumers(_ consumers: [ConsumerSettings]) {
        checkNames(consumers.map(\.$name), of: "consumers")
        var first: [String: SourcePosition] = [:]
        for (i, consumer) in consumers.enumerated() {
            for (j, credential) in consumer.credentials.enumerated() {
                let path = "consumers[\(i)].credentials[\(j)]"
                guard let basic = credential.basic else {
                    error(
                        credential.origin.position, path, "a credential needs its kind", remedy: "such as `basic: { username: …, passwordHash: … }`")
                    continue
                }
                check(basic, "\(path).basic", &first)
            }
        }
    }

    private mutating func check(_ basic: BasicCredential, _ path: String, _ first: inout [String: SourcePosition]) {
        let place = basic.$username.position
        if basic.username.isEmpty || basic.username.utf8.contains(where: { $0 == UInt8(ascii: ":") || $0 < 0x20 || $0 == 0x7f }) {
            error(place, "\(path).username", "a user name has at least one character, no colon and no control characters")
        }
        if let before = first.updateValue(place, forKey: basic.username) {
            error(place, "\(path).username", "the user name \(basic.$username.shown) is taken already at \(before)")
        }
    }
}
