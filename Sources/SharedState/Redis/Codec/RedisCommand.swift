package import Primitives

/// Writes one command as an array of strings, straight into the bytes that are sent.
///
/// How many arguments there are is said first, because it comes first on the wire; a command that has fewer or more in the end is
/// never sent, since it would put everybody else's answers out of step.
package struct RedisCommand {
    private let out: ByteBuffer
    private let start: Int
    private let prefix: [UInt8]
    private var missing = -1

    /// - Parameter prefix: stands before every key.
    package init(into out: ByteBuffer, prefix: [UInt8] = []) {
        self.out = out
        self.prefix = prefix
        start = out.count
    }

    /// Begins a command of a name and so many arguments.
    package mutating func begin(_ name: StaticString, arguments: Int) {
        missing = arguments &+ 1
        out.append(byte: RESPKind.array.rawValue)
        out.append(decimal: missing)
        out.append("\r\n")
        append(name)
    }

    package mutating func append(_ argument: ByteView) {
        beginArgument(argument.count)
        out.append(argument)
        out.append("\r\n")
    }

    package mutating func append(_ argument: StaticString) { append(ByteView(argument)) }
    package mutating func append(_ argument: [UInt8]) { argument.withView { append($0) } }
    package mutating func append(_ argument: String) { argument.withView { append($0) } }

    package mutating func append(_ argument: Int) {
        var digits = 1
        var rest = argument.magnitude
        while rest > 9 {
            rest /= 10
            digits &+= 1
        }
        beginArgument(argument < 0 ? digits &+ 1 : digits)
        if argument < 0 { out.append(byte: UInt8(ascii: "-")) }
        if argument == .min { out.append("9223372036854775808") } else { out.append(decimal: abs(argument)) }
        out.append("\r\n")
    }

    /// The name of a key: with what stands before all of them.
    package mutating func append(key: ByteView) { append(key: key, ByteView()) }

    /// A key in two parts.
    package mutating func append(key first: ByteView, _ second: ByteView) {
        beginArgument(prefix.count &+ first.count &+ second.count)
        prefix.withView { out.append($0) }
        out.append(first)
        out.append(second)
        out.append("\r\n")
    }

    private mutating func beginArgument(_ count: Int) {
        missing &-= 1
        out.append(byte: RESPKind.bulk.rawValue)
        out.append(decimal: count)
        out.append("\r\n")
    }

    static let incomplete = StoreError(.malformed, "the command has not as many arguments as it says")

    /// Bytes of the command; nil: it is not whole, and its bytes are gone.
    mutating func finish() -> Int? {
        guard missing == 0 else {
            out.truncate(to: start)
            return nil
        }
        return out.count &- start
    }
}
