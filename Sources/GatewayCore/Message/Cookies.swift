package import Primitives

/// The cookies of a request (RFC 6265 §4.2.1).
package enum Cookies {
    /// Calls `body` with the name and value of each cookie, in order.
    package static func forEach(_ fields: HeaderFields, _ body: (_ name: ByteView, _ value: ByteView) -> Void) {
        forEachPair(fields) {
            body($0, $1)
            return true
        }
    }

    /// Calls `body` with the value of each cookie called `name`, until it answers false.
    package static func forEach(_ fields: HeaderFields, named name: ByteView, _ body: (ByteView) -> Bool) {
        forEachPair(fields) { $0 == name ? body($1) : true }
    }

    private static func forEachPair(_ fields: HeaderFields, _ body: (ByteView, ByteView) -> Bool) {
        var goesOn = true
        fields.forEach(named: ByteView("cookie")) { line in
            var start = 0
            while start < line.count, goesOn {
                let end = line.firstIndex(of: UInt8(ascii: ";"), from: start) ?? line.count
                let pair = line[start..<end].trimmed
                if let equals = pair.firstIndex(of: UInt8(ascii: "=")) { goesOn = body(pair.prefix(equals), pair.dropFirst(equals + 1)) }
                start = end + 1
            }
            return goesOn
        }
    }
}
