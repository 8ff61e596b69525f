package import Primitives

/// A message as its signatures see it.
package protocol SignedMessage {
    var control: SignedControl { get }

    /// Calls `body` with the value of each line of the field, without white space around it, in order, until it answers false.
    ///
    /// - Parameters:
    ///   - name: in lower case.
    ///   - isTrailer: of the fields behind the body.
    func forEachLine(of name: ByteView, isTrailer: Bool, _ body: (ByteView) -> Bool)

    /// What this message answers; nil for a request, or when that is not known any more.
    var answered: (any SignedMessage)? { get }
}

/// The first line of a message.
package enum SignedControl {
    case request(SignedRequestLine)
    case response(status: Int)
}

extension SignedMessage {
    /// All lines of a field as one (RFC 9110 §5.3); nil when it is not there.
    func joined(_ name: ByteView, isTrailer: Bool = false) -> ByteBuffer? {
        var joined: ByteBuffer?
        forEachLine(of: name, isTrailer: isTrailer) { line in
            if let joined { joined.append(", ") }
            let buffer = joined ?? ByteBuffer(capacity: line.count)
            buffer.append(line)
            joined = buffer
            return true
        }
        return joined
    }
}
